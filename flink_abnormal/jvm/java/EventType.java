package flinkabnormal;

import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;

/** The type of events on their way to a detector in Java. */
public final class EventType extends OpaqueType {
    /** @param tuple the type that Python has for them */
    public EventType(TypeInformation tuple) {
        super(tuple);
    }

    public TypeSerializer createSerializer(SerializerConfig config) {
        return new EventSerializer(like.createSerializer(config));
    }

    public Class getTypeClass() {
        return like.getTypeClass();
    }

    public boolean isKeyType() {
        return false;
    }
}
