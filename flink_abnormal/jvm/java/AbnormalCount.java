package flinkabnormal;

import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;

/** Counts a user's abnormal events in a row; 0 is no value. */
public final class AbnormalCount extends Detector {
    private final String name;
    private transient ValueState count;

    /** @param name of the state */
    public AbnormalCount(TypeInformation produced, Number threshold, LiveView live, String name) {
        super(produced, threshold, live);
        this.name = name;
    }

    void bind() {
        count = getRuntimeContext().getState(new ValueStateDescriptor(name, Types.LONG));
    }

    long counted(long time) throws Exception {
        Long found = (Long) count.value();
        return found == null ? 0L : found.longValue();
    }

    void keep(Tuple5 event, long now, KeyedProcessFunction.Context context) throws Exception {
        if (now == 0L) count.clear();
        else count.update(Long.valueOf(now));
    }
}
