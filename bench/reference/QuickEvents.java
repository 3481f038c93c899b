package flinkabnormal;

import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.api.java.typeutils.TupleTypeInfo;
import org.apache.flink.util.Collector;

/** What JacksonEvents gives, read in place by the JVM engine's QuickJson: nobody shall take a parser for an engine. */
public final class QuickEvents implements FlatMapFunction, ResultTypeQueryable {
    private transient QuickJson json;

    public TypeInformation getProducedType() {
        return new TupleTypeInfo(new TypeInformation[] {Types.STRING, Types.BOOLEAN, Types.LONG});
    }

    public void flatMap(Object text, Collector out) {
        if (json == null) json = new QuickJson(new String[] {"userId", "isAbnormal", "timestamp"});
        byte[] line = ((String) text).getBytes(StandardCharsets.UTF_8);
        if (!json.read(line, 0, line.length)) throw new IllegalArgumentException("not an event: " + text);
        String user = new String(line, json.starts[0], json.ends[0] - json.starts[0], StandardCharsets.ISO_8859_1);
        Boolean abnormal = Boolean.valueOf(json.kinds[1] == QuickJson.TRUE);
        out.collect(new Tuple3(user, abnormal, Long.valueOf(json.whole(2))));
    }
}
