package flinkabnormal;

import org.apache.flink.api.java.tuple.Tuple;

/** The time that Kafka gave a message. */
public final class MessageTime extends RecordTime {
    private static final int TIMESTAMP = 5;

    public long of(Tuple record) {
        return ((Long) record.getField(TIMESTAMP)).longValue();
    }
}
