package flinkabnormal;

import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;

/** An alert as a line of JSON. */
public final class AlertToJson implements MapFunction, ResultTypeQueryable {
    private final AlertText text;

    public AlertToJson(AlertText text) {
        this.text = text;
    }

    public TypeInformation getProducedType() {
        return Types.STRING;
    }

    public Object map(Object alert) {
        return text.json((Tuple5) alert);
    }
}
