package flinkabnormal;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Kafka records made by Python, (value, envelope), to one topic. The envelope's first line is the key, each further one
 * a header's name, a space and its value; all in base64, with "-" for null. PyFlink's own sink sets no headers.
 */
public class KafkaOutput implements KafkaRecordSerializationSchema {
    private final String topic;

    public KafkaOutput(String topic) {
        this.topic = topic;
    }

    public void open(SerializationSchema.InitializationContext context, KafkaRecordSerializationSchema.KafkaSinkContext sink) {}

    public ProducerRecord serialize(Object element, KafkaRecordSerializationSchema.KafkaSinkContext sink, Long timestamp) {
        Tuple2 output = (Tuple2) element;
        String[] lines = ((String) output.f1).split("\n", -1);
        ProducerRecord record = new ProducerRecord(topic, bytes(lines[0]), (byte[]) output.f0);
        for (int i = 1; i < lines.length; i++) {
            int space = lines[i].indexOf(' ');
            String name = new String(bytes(lines[i].substring(0, space)), StandardCharsets.UTF_8);
            record.headers().add(name, bytes(lines[i].substring(space + 1)));
        }
        return record;
    }

    private static byte[] bytes(String text) {
        return "-".equals(text) ? null : Base64.getDecoder().decode(text);
    }
}
