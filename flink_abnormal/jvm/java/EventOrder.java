package flinkabnormal;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.api.java.tuple.Tuple7;
import org.apache.flink.api.java.typeutils.ListTypeInfo;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/**
 * A user's events in the order of their times, each as soon as the watermark has passed it. Events of the same
 * millisecond keep the order of their file or partition. One that comes behind the watermark goes to the side output
 * `late`: user, kind, times, time, lateness (ms), origin, position.
 */
public final class EventOrder extends KeyedProcessFunction implements ResultTypeQueryable {
    private final TypeInformation taken;
    private final TypeInformation produced;
    private final OutputTag late;
    private transient MapState waiting;
    private transient Counter lateEvents;

    /** @param taken the type of events with their origin and position; `produced` without them */
    public EventOrder(TypeInformation taken, TypeInformation produced, OutputTag late) {
        this.taken = taken;
        this.produced = produced;
        this.late = late;
    }

    public TypeInformation getProducedType() {
        return produced;
    }

    public void open(OpenContext context) {
        MapStateDescriptor events = new MapStateDescriptor("waitingEvents", Types.LONG, new ListTypeInfo(taken));
        waiting = getRuntimeContext().getMapState(events);
        lateEvents = getRuntimeContext().getMetricGroup().counter("lateEvents");
    }

    public void processElement(Object value, KeyedProcessFunction.Context context, Collector out) throws Exception {
        Tuple7 event = (Tuple7) value;
        long time = ((Long) event.f3).longValue();
        long watermark = context.timerService().currentWatermark();
        if (time <= watermark) {
            lateEvents.inc();
            Long lateness = Long.valueOf(watermark - time + 1);
            context.output(late, new Tuple7(event.f0, event.f1, event.f2, event.f3, lateness, event.f5, event.f6));
            return;
        }
        List same = (List) waiting.get(event.f3);
        if (same == null) {
            same = new ArrayList();
            context.timerService().registerEventTimeTimer(time);
        }
        same.add(event);
        waiting.put(event.f3, same);
    }

    public void onTimer(long time, KeyedProcessFunction.OnTimerContext context, Collector out) throws Exception {
        Long when = Long.valueOf(time);
        List due = (List) waiting.get(when);
        if (due == null) return;
        if (due.size() > 1) {
            due = new ArrayList(due);
            Collections.sort(due, new ByOrigin());
        }
        for (Object each : due) {
            Tuple7 event = (Tuple7) each;
            out.collect(new Tuple5(event.f0, event.f1, event.f2, event.f3, event.f4));
        }
        waiting.remove(when);
    }

    /** By origin, of rotated logs the older first (auth.log.2.gz, auth.log.1, auth.log), then by position. */
    private static final class ByOrigin implements Comparator {
        private static final Pattern ROTATED = Pattern.compile("(.*)\\.(\\d{1,9})(?:\\.gz)?", Pattern.DOTALL);

        public int compare(Object one, Object other) {
            Tuple7 first = (Tuple7) one;
            Tuple7 second = (Tuple7) other;
            int origins = compareOrigins((String) first.f5, (String) second.f5);
            return origins != 0 ? origins : ((Long) first.f6).compareTo((Long) second.f6);
        }

        private static int compareOrigins(String one, String other) {
            Matcher first = ROTATED.matcher(one);
            Matcher second = ROTATED.matcher(other);
            boolean firstRotated = first.matches();
            boolean secondRotated = second.matches();
            int bases = (firstRotated ? first.group(1) : one).compareTo(secondRotated ? second.group(1) : other);
            if (bases != 0) return bases;
            int number = firstRotated ? Integer.parseInt(first.group(2)) : -1;
            return (secondRotated ? Integer.parseInt(second.group(2)) : -1) - number;
        }
    }
}
