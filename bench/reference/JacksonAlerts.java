package flinkabnormal;

import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/** An alert (user, count, time) as a line of JSON, with Jackson. */
public final class JacksonAlerts implements MapFunction, ResultTypeQueryable {
    private transient ObjectMapper json;

    public TypeInformation getProducedType() {
        return Types.STRING;
    }

    public Object map(Object value) throws Exception {
        if (json == null) json = new ObjectMapper();
        Tuple3 alert = (Tuple3) value;
        ObjectNode record = json.createObjectNode();
        record.put("userId", (String) alert.f0);
        record.put("count", ((Long) alert.f1).longValue());
        record.put("timestamp", ((Long) alert.f2).longValue());
        record.put("message", "[ALERT] userId=" + alert.f0 + " 이상행동 " + alert.f1 + "회 감지!");
        return json.writeValueAsString(record);
    }
}
