package flinkabnormal;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.api.java.tuple.Tuple;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;

/** The user of an event. */
public final class UserRowKey implements KeySelector, ResultTypeQueryable {
    public Object getKey(Object event) {
        return new UserRow((String) ((Tuple) event).getField(0));
    }

    public TypeInformation getProducedType() {
        return new UserRowType();
    }
}
