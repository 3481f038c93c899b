package flinkabnormal;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.tuple.Tuple6;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.header.Header;
import org.apache.flink.metrics.Counter;
import org.apache.flink.util.Collector;

/**
 * Kafka records as they are, for the parse step: value, envelope, topic, partition, offset, timestamp (ms).
 *
 * <p>The envelope is JSON, {"key": base64 or null, "headers": [[name, base64 or null], ...]}; empty for a record with
 * neither. A record without a value, a tombstone, has an empty one, which no format takes for an event. PyFlink's own
 * schemas pass on values only, and fail for ever at a tombstone.
 */
public class KafkaRecords implements KafkaRecordDeserializationSchema {
    private static final byte[] NOTHING = new byte[0];

    private final TypeInformation produced;
    private transient Counter tombstones;

    /** @param produced the type of records: that of the Python class KafkaRecord */
    public KafkaRecords(TypeInformation produced) {
        this.produced = produced;
    }

    public TypeInformation getProducedType() {
        return produced;
    }

    public void open(DeserializationSchema.InitializationContext context) {
        tombstones = context.getMetricGroup().counter("tombstones");
    }

    public void deserialize(ConsumerRecord record, Collector out) {
        if (record.value() == null) tombstones.inc();
        Tuple6 tuple = new Tuple6();
        tuple.f0 = record.value() == null ? NOTHING : record.value();
        tuple.f1 = envelope((byte[]) record.key(), record.headers().toArray());
        tuple.f2 = record.topic();
        tuple.f3 = Long.valueOf(record.partition());
        tuple.f4 = Long.valueOf(record.offset());
        tuple.f5 = Long.valueOf(record.timestamp());
        out.collect(tuple);
    }

    private static byte[] envelope(byte[] key, Header[] headers) {
        if (key == null && headers.length == 0) return NOTHING;
        StringBuilder json = new StringBuilder("{\"key\":");
        base64(json, key);
        json.append(",\"headers\":[");
        for (int i = 0; i < headers.length; i++) {
            json.append(i == 0 ? "[" : ",[");
            text(json, headers[i].key());
            json.append(',');
            base64(json, headers[i].value());
            json.append(']');
        }
        return json.append("]}").toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void base64(StringBuilder json, byte[] bytes) {
        if (bytes == null) {
            json.append("null");
        } else {
            json.append('"').append(Base64.getEncoder().encodeToString(bytes)).append('"');
        }
    }

    private static void text(StringBuilder json, String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char each = text.charAt(i);
            if (each == '"' || each == '\\') {
                json.append('\\').append(each);
            } else if (each < ' ' || Character.isSurrogate(each)) {
                json.append("\\u").append(Integer.toHexString(0x10000 | each).substring(1));
            } else {
                json.append(each);
            }
        }
        json.append('"');
    }
}
