package flinkabnormal;

import org.apache.flink.api.common.typeinfo.TypeInformation;

/** A type whose fields only its serializer knows; to others it is `like`, whose name and hash it has. */
abstract class OpaqueType extends TypeInformation {
    final TypeInformation like;

    OpaqueType(TypeInformation like) {
        this.like = like;
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

    public boolean equals(Object other) {
        return canEqual(other) && ((OpaqueType) other).like.equals(like);
    }

    public boolean canEqual(Object other) {
        return other != null && other.getClass() == getClass();
    }

    public int hashCode() {
        return like.hashCode();
    }

    public String toString() {
        return like.toString();
    }
}
