package flinkabnormal;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.apache.flink.types.Row;

/**
 * Writes a UserRow as a Row of its userId, as which it may come; a snapshot says that it was Flink's serializer of rows.
 */
public final class UserRowSerializer extends TypeSerializer {
    private final TypeSerializer rows;

    UserRowSerializer(TypeSerializer rows) {
        this.rows = rows;
    }

    public void serialize(Object user, DataOutputView out) throws IOException {
        rows.serialize(user instanceof Row ? user : Row.of(new Object[] {((UserRow) user).id}), out);
    }

    public Object deserialize(DataInputView in) throws IOException {
        return new UserRow((String) ((Row) rows.deserialize(in)).getField(0));
    }

    public Object deserialize(Object reuse, DataInputView in) throws IOException {
        return deserialize(in);
    }

    public void copy(DataInputView in, DataOutputView out) throws IOException {
        rows.copy(in, out);
    }

    public Object copy(Object user) {
        return user;
    }

    public Object copy(Object user, Object reuse) {
        return user;
    }

    public boolean isImmutableType() {
        return true;
    }

    public Object createInstance() {
        return new UserRow("");
    }

    public int getLength() {
        return rows.getLength();
    }

    public TypeSerializer duplicate() {
        return new UserRowSerializer(rows.duplicate());
    }

    public TypeSerializerSnapshot snapshotConfiguration() {
        return rows.snapshotConfiguration();
    }

    public boolean equals(Object other) {
        return other instanceof UserRowSerializer && ((UserRowSerializer) other).rows.equals(rows);
    }

    public int hashCode() {
        return rows.hashCode();
    }
}
