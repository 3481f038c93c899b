package flinkabnormal;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;

/** An alert as the value and the envelope of KafkaOutput: JSON under the user's key, with its id and rule as headers. */
public final class AlertToMessage implements MapFunction, ResultTypeQueryable {
    private static final String ID = "\n" + base64("alertId") + " ";
    private static final String RULE = "\n" + base64("rule") + " ";

    private final AlertText text;
    private final TypeInformation produced;
    private final String before;
    private final String after;

    /** @param before the header `rule` before the threshold, `after` behind it */
    public AlertToMessage(AlertText text, TypeInformation produced, String before, String after) {
        this.text = text;
        this.produced = produced;
        this.before = before;
        this.after = after;
    }

    public TypeInformation getProducedType() {
        return produced;
    }

    public Object map(Object value) {
        Tuple5 alert = (Tuple5) value;
        String rule = before + alert.f3 + after;
        String envelope = base64((String) alert.f1) + ID + base64((String) alert.f0) + RULE + base64(rule);
        return new Tuple2(bytes(text.json(alert)), envelope);
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(bytes(text));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
