package flinkabnormal;

import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.api.java.typeutils.TupleTypeInfo;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.util.Collector;

/** A line of JSON as user, whether it is abnormal, and time: as people write it, with Jackson's tree. */
public final class JacksonEvents implements FlatMapFunction, ResultTypeQueryable {
    private transient ObjectMapper json;

    public TypeInformation getProducedType() {
        return new TupleTypeInfo(new TypeInformation[] {Types.STRING, Types.BOOLEAN, Types.LONG});
    }

    public void flatMap(Object line, Collector out) throws Exception {
        if (json == null) json = new ObjectMapper();
        JsonNode event = json.readTree((String) line);
        String user = ((JsonNode) event.get("userId")).asText();
        boolean abnormal = ((JsonNode) event.get("isAbnormal")).asBoolean();
        long time = ((JsonNode) event.get("timestamp")).asLong();
        out.collect(new Tuple3(user, Boolean.valueOf(abnormal), Long.valueOf(time)));
    }
}
