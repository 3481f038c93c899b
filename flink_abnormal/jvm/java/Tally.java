package flinkabnormal;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.operators.Output;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.OutputTag;

/** Sums by name, which go to a side output of pairs. */
public final class Tally {
    public final Map sums = new HashMap();

    void add(String what, long number) {
        Long before = (Long) sums.get(what);
        sums.put(what, Long.valueOf(before == null ? number : before.longValue() + number));
    }

    /** Emits the sums since the last time. */
    void emit(OutputTag tag, Output output) {
        for (Iterator each = sums.entrySet().iterator(); each.hasNext();) {
            Map.Entry sum = (Map.Entry) each.next();
            output.collect(tag, new StreamRecord(new Tuple2(sum.getKey(), sum.getValue())));
        }
        sums.clear();
    }
}
