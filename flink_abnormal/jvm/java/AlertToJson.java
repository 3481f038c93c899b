package flinkabnormal;

import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;

/** An alert as a line of JSON: the twin of `Alert.to_json` in core/model.py. */
public final class AlertToJson implements MapFunction, ResultTypeQueryable {
    private final String[] message;

    /** @param message what an alert says, before the user, between user and count, and after it */
    public AlertToJson(String before, String between, String after) {
        this.message = new String[] {before, between, after};
    }

    public TypeInformation getProducedType() {
        return Types.STRING;
    }

    public Object map(Object value) {
        Tuple5 alert = (Tuple5) value;
        String user = (String) alert.f1;
        StringBuilder json = new StringBuilder(256);
        json.append("{\"alertId\":\"").append(alert.f0).append("\",\"userId\":");
        Json.text(json, user);
        json.append(",\"count\":").append(alert.f2).append(",\"threshold\":").append(alert.f3);
        json.append(",\"timestamp\":");
        if (((Long) alert.f4).longValue() == RecordTime.NONE) json.append("null");
        else json.append(alert.f4);
        json.append(",\"message\":");
        Json.text(json, message[0] + user + message[1] + alert.f2 + message[2]);
        return json.append('}').toString();
    }
}
