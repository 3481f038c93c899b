package flinkabnormal;

import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;

/**
 * Counts a user's abnormal events in a row; 0 is no value. The counts of recent users are remembered beside the state,
 * which is then only written to, and only when a count changes.
 */
public final class AbnormalCount extends Detector {
    /** Longer userIds are not remembered, which bounds the memory. */
    private static final int LONGEST = 64;

    private final String name;
    private final int places;
    private transient ValueState count;
    private transient String[] users;
    private transient long[] counts;

    /** @param name of the state; `places` for users to remember, a power of two */
    public AbnormalCount(TypeInformation produced, Number threshold, LiveView live, String name, Integer places) {
        super(produced, threshold, live);
        this.name = name;
        this.places = places.intValue();
    }

    void bind() {
        count = getRuntimeContext().getState(new ValueStateDescriptor(name, Types.LONG));
        users = new String[places];
        counts = new long[places];
    }

    long counted(Tuple5 event) throws Exception {
        int place = place(event);
        if (event.f0.equals(users[place])) return counts[place];
        Long found = (Long) count.value();
        return found == null ? 0L : found.longValue();
    }

    void keep(Tuple5 event, long now, KeyedProcessFunction.Context context) throws Exception {
        int place = place(event);
        String user = (String) event.f0;
        if (user.equals(users[place])) {
            if (counts[place] == now) return;
            counts[place] = now;
        } else if (user.length() <= LONGEST) {
            users[place] = user;
            counts[place] = now;
        }
        if (now == 0L) count.clear();
        else count.update(Long.valueOf(now));
    }

    private int place(Tuple5 event) {
        int hash = event.f0.hashCode();
        return (hash ^ hash >>> 16) & places - 1;
    }
}
