package flinkabnormal;

import java.io.Serializable;
import org.apache.flink.api.java.tuple.Tuple;

/** The time of a record as its source gives it, in epoch milliseconds. */
public abstract class RecordTime implements Serializable {
    /** No readable time; the same as Python's NO_TIMESTAMP. */
    static final long NONE = Long.MIN_VALUE;

    public abstract long of(Tuple record);
}
