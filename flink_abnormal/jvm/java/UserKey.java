package flinkabnormal;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.api.java.tuple.Tuple;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;

/** The userId of an event. */
public final class UserKey implements KeySelector, ResultTypeQueryable {
    public Object getKey(Object event) {
        return ((Tuple) event).getField(0);
    }

    public TypeInformation getProducedType() {
        return Types.STRING;
    }
}
