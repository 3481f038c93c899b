package flinkabnormal;

import java.io.Serializable;
import org.apache.flink.api.java.tuple.Tuple;

/** Parses records of a source, as the Python class Record gives them; the last event stands in its fields. */
public abstract class LineParser implements Serializable {
    static final int EVENT = 0;
    static final int SKIPPED = 1;
    /** Python parses the record again, and says why it can't be used. */
    static final int REFUSED = 2;
    static final String ABNORMAL = "abnormal";
    static final String NORMAL = "normal";

    public transient String user;
    public transient String kind;
    public transient long times;
    public transient long time;
    public transient String id;

    /** Prepares, in the task; what the parser finds is counted in `tally`. */
    public abstract void open(Tally tally);

    /** Parses a record's bytes from one place to another: all of them, or a line of several. */
    public abstract int parse(Tuple record, byte[] bytes, int from, int to);
}
