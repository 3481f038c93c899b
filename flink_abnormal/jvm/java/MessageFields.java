package flinkabnormal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Iterator;
import org.apache.flink.api.java.tuple.Tuple;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectReader;

/** `@key`, `@topic` and `@header.NAME` of a Kafka message (KafkaRecords): the twin of `Message` in core/model.py. */
final class MessageFields {
    private static final int ENVELOPE = 1;
    private static final int TOPIC = 2;
    private static final String HEADER = "@header.";

    private MessageFields() {}

    static boolean has(String name) {
        return name.equals("@key") || name.equals("@topic") || name.startsWith(HEADER);
    }

    /** Returns the text of a field, or null if the message lacks it or it is not UTF-8. */
    static String text(ObjectReader json, Tuple message, String name) {
        if (name.equals("@topic")) return (String) message.getField(TOPIC);
        byte[] envelope = (byte[]) message.getField(ENVELOPE);
        if (envelope.length == 0) return null;
        try {
            JsonNode content = json.readTree(new String(envelope, StandardCharsets.UTF_8));
            String found = name.equals("@key") ? ((JsonNode) content.get("key")).textValue() : header(content, name);
            if (found == null) return null;
            ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(found));
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException error) {
            return null;
        } catch (IOException error) {
            throw new IllegalStateException("an envelope of KafkaRecords is not JSON", error);
        }
    }

    /** The last header of that name. */
    private static String header(JsonNode content, String name) {
        String found = null;
        for (Iterator each = ((JsonNode) content.get("headers")).elements(); each.hasNext();) {
            JsonNode header = (JsonNode) each.next();
            if (name.equals(HEADER + text(header, 0))) found = text(header, 1);
        }
        return found;
    }

    private static String text(JsonNode pair, int place) {
        return ((JsonNode) pair.get(place)).textValue();
    }
}
