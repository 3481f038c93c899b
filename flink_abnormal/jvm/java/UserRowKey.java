package flinkabnormal;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.api.java.tuple.Tuple;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.types.Row;

/** The userId of an event in a Row, which is how PyFlink keys a stream: the state of both engines is the same. */
public final class UserRowKey implements KeySelector, ResultTypeQueryable {
    public Object getKey(Object event) {
        return Row.of(new Object[] {((Tuple) event).getField(0)});
    }

    public TypeInformation getProducedType() {
        return Types.ROW(new TypeInformation[] {Types.STRING});
    }
}
