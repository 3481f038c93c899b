package flinkabnormal;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.api.java.tuple.Tuple;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.types.Row;

/** The userId of an event in a Row, which is how PyFlink keys a stream: the state of both engines is the same. */
public final class UserRowKey implements KeySelector, ResultTypeQueryable {
    private final boolean light;

    /** @param light whether it is a UserRow; a restored timer's key is a Row, which would not find one */
    public UserRowKey(Boolean light) {
        this.light = light.booleanValue();
    }

    public Object getKey(Object event) {
        Object user = ((Tuple) event).getField(0);
        return light ? (Object) new UserRow((String) user) : Row.of(new Object[] {user});
    }

    public TypeInformation getProducedType() {
        return light ? new UserRowType() : Types.ROW(new TypeInformation[] {Types.STRING});
    }
}
