package flinkabnormal;

import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** The rule, whose counts are kept by the classes below it: the twin of pipeline/detector.py and core/rule.py. */
public abstract class Detector extends KeyedProcessFunction implements ResultTypeQueryable {
    private final TypeInformation produced;
    private final Long threshold;
    private final LiveView live;
    private transient Digest digest;

    /** @param live may be null: nothing is shown */
    Detector(TypeInformation produced, Number threshold, LiveView live) {
        this.produced = produced;
        this.threshold = Long.valueOf(threshold.longValue());
        this.live = live;
    }

    public TypeInformation getProducedType() {
        return produced;
    }

    public void open(OpenContext context) throws Exception {
        digest = new Digest();
        if (live != null) live.open(getRuntimeContext().getMetricGroup());
        bind();
    }

    /** Binds the state. */
    abstract void bind();

    /** Returns the count before an abnormal event. */
    abstract long counted(Tuple5 event) throws Exception;

    /** Stores the count after an event, which is 0 for a normal one. */
    abstract void keep(Tuple5 event, long count, KeyedProcessFunction.Context context) throws Exception;

    public void processElement(Object value, KeyedProcessFunction.Context context, Collector out) throws Exception {
        Tuple5 event = (Tuple5) value;
        if (!LineParser.ABNORMAL.equals(event.f1)) {
            keep(event, 0L, context);
            if (live != null) live.saw((String) event.f0, 0L, 1L);
            return;
        }
        long before = counted(event);
        long times = ((Long) event.f2).longValue();
        long count = before + times;
        keep(event, count, context);
        if (live != null) live.saw((String) event.f0, count, times);
        long first = Math.max(before + 1, threshold.longValue());
        for (long each = first; each <= count; each++) {
            Tuple5 alert = new Tuple5(id(event, each), event.f0, Long.valueOf(each), threshold, event.f3);
            out.collect(alert);
            if (live != null) live.alerted(alert);
        }
    }

    private String id(Tuple5 event, long count) {
        byte[] bytes = (event.f0 + "\0" + count + "\0" + event.f4).getBytes(StandardCharsets.UTF_8);
        return digest.of(bytes, 0, bytes.length);
    }
}
