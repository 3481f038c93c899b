package flinkabnormal;

import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.common.typeutils.TypeSerializer;

/** The type of UserRow. */
public final class UserRowType extends OpaqueType {
    UserRowType() {
        super(Types.ROW(new TypeInformation[] {Types.STRING}));
    }

    public TypeSerializer createSerializer(SerializerConfig config) {
        return new UserRowSerializer(like.createSerializer(config));
    }

    public Class getTypeClass() {
        return UserRow.class;
    }

    public boolean isKeyType() {
        return true;
    }
}
