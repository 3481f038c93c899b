package flinkabnormal;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.api.java.typeutils.TupleTypeInfo;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** The seed's rule: an alert for each abnormal event in a row, from the third on. */
public final class CountInARow extends KeyedProcessFunction implements ResultTypeQueryable {
    private transient ValueState count;

    public TypeInformation getProducedType() {
        return new TupleTypeInfo(new TypeInformation[] {Types.STRING, Types.LONG, Types.LONG});
    }

    public void open(OpenContext context) {
        count = getRuntimeContext().getState(new ValueStateDescriptor("abnormalCount", Types.LONG));
    }

    public void processElement(Object value, KeyedProcessFunction.Context context, Collector out) throws Exception {
        Tuple3 event = (Tuple3) value;
        if (!((Boolean) event.f1).booleanValue()) {
            count.clear();
            return;
        }
        Long before = (Long) count.value();
        Long now = Long.valueOf(before == null ? 1L : before.longValue() + 1);
        count.update(now);
        if (now.longValue() >= 3) out.collect(new Tuple3(event.f0, now, event.f2));
    }

    /** The user of an event. */
    public static final class User implements KeySelector, ResultTypeQueryable {
        public Object getKey(Object event) {
            return ((Tuple3) event).f0;
        }

        public TypeInformation getProducedType() {
            return Types.STRING;
        }
    }
}
