package flinkabnormal;

import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.api.java.typeutils.TupleTypeInfo;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** Counts only events within a span of event time: the twin of WithinProcessFunction, with its state and timers. */
public final class AbnormalWithin extends Detector {
    private final long withinMs;
    private transient ValueState row;
    private transient MapState events;

    public AbnormalWithin(TypeInformation produced, Number threshold, LiveView live, Number withinMs) {
        super(produced, threshold, live);
        this.withinMs = withinMs.longValue();
    }

    void bind() {
        row = getRuntimeContext().getState(new ValueStateDescriptor("row", longs(4)));
        events = getRuntimeContext().getMapState(new MapStateDescriptor("rowEvents", Types.LONG, longs(2)));
    }

    private static TypeInformation longs(int size) {
        TypeInformation[] types = new TypeInformation[size];
        for (int i = 0; i < size; i++) types[i] = Types.LONG;
        return new TupleTypeInfo(types);
    }

    long counted(Tuple5 event) throws Exception {
        Tuple4 now = (Tuple4) row.value();
        if (now == null) return 0L;
        long time = number(event.f3);
        long oldest = number(now.f0);
        long count = number(now.f2);
        for (long end = number(now.f1); oldest < end; oldest++) {
            Tuple2 first = (Tuple2) events.get(Long.valueOf(oldest));
            if (number(first.f0) >= time - withinMs) break;
            events.remove(Long.valueOf(oldest));
            count -= number(first.f1);
        }
        row.update(new Tuple4(Long.valueOf(oldest), now.f1, Long.valueOf(count), now.f3));
        return count;
    }

    void keep(Tuple5 event, long count, KeyedProcessFunction.Context context) throws Exception {
        Tuple4 now = (Tuple4) row.value();
        if (count == 0L) {
            if (now != null) free();
            return;
        }
        long time = number(event.f3);
        long oldest = now == null ? 0L : number(now.f0);
        long end = now == null ? 0L : number(now.f1);
        long newest = now == null ? time : Math.max(number(now.f3), time);
        events.put(Long.valueOf(end), new Tuple2(event.f3, event.f2));
        row.update(new Tuple4(Long.valueOf(oldest), Long.valueOf(end + 1), Long.valueOf(count), Long.valueOf(newest)));
        if (now == null) freeAfter(time, context);
    }

    /** Frees the row of a user who has been silent, or looks again when it may be due. */
    public void onTimer(long time, KeyedProcessFunction.OnTimerContext context, Collector out) throws Exception {
        Tuple4 now = (Tuple4) row.value();
        if (now == null) return;
        if (number(now.f3) + withinMs < time) free();
        else freeAfter(number(now.f3), context);
    }

    private void free() {
        row.clear();
        events.clear();
    }

    private void freeAfter(long newest, KeyedProcessFunction.Context context) {
        context.timerService().registerEventTimeTimer(newest + withinMs + 1);
    }

    private static long number(Object value) {
        return ((Long) value).longValue();
    }
}
