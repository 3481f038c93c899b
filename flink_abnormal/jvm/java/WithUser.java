package flinkabnormal;

import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.tuple.Tuple;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.types.Row;

/** An event behind its userId, in a Row: what PyFlink's keyed operators take, and its `key_by` makes in Python. */
public final class WithUser implements MapFunction, ResultTypeQueryable {
    private final TypeInformation produced;

    public WithUser(TypeInformation produced) {
        this.produced = produced;
    }

    public TypeInformation getProducedType() {
        return produced;
    }

    public Object map(Object event) {
        return Row.of(new Object[] {((Tuple) event).getField(0), event});
    }
}
