package flinkabnormal;

import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.common.typeutils.TypeSerializer;

/** The type of UserRow. */
public final class UserRowType extends TypeInformation {
    private static final TypeInformation ROW = Types.ROW(new TypeInformation[] {Types.STRING});

    public TypeSerializer createSerializer(SerializerConfig config) {
        return new UserRowSerializer(ROW.createSerializer(config));
    }

    public boolean isBasicType() {
        return false;
    }

    public boolean isTupleType() {
        return false;
    }

    public int getArity() {
        return 1;
    }

    public int getTotalFields() {
        return 1;
    }

    public Class getTypeClass() {
        return UserRow.class;
    }

    public boolean isKeyType() {
        return true;
    }

    public String toString() {
        return ROW.toString();
    }

    public boolean equals(Object other) {
        return other instanceof UserRowType;
    }

    public int hashCode() {
        return ROW.hashCode();
    }

    public boolean canEqual(Object other) {
        return other instanceof UserRowType;
    }
}
