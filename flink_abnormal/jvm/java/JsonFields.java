package flinkabnormal;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.StreamReadConstraints;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.DeserializationFeature;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectReader;

/** JSON as orjson takes it, and a field of an object by name or path: the twin of formats/fields.py. */
final class JsonFields implements Serializable {
    private static final int DEEPEST = 1024;
    private static final Pattern SUSPECT = Pattern.compile("\\\\u|[eE]\\+?\\d{3}|\\d{300}");

    private final String field;
    private final String path;

    JsonFields(String field) {
        this.field = field;
        this.path = field.replaceAll("\\[(\\d+)\\]", ".$1");
    }

    static ObjectReader reader() {
        StreamReadConstraints limits = StreamReadConstraints.builder()
            .maxNestingDepth(DEEPEST)
            .maxNumberLength(Integer.MAX_VALUE)
            .maxStringLength(Integer.MAX_VALUE)
            .build();
        JsonFactory factory = new JsonFactory();
        factory.setStreamReadConstraints(limits);
        return new ObjectMapper(factory).reader().with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    }

    /** Where the text of a line begins: after a byte order mark, and white space as Python strips it. */
    static int start(byte[] bytes, int from, int to) {
        boolean marked = to - from > 2
            && bytes[from] == (byte) 0xef && bytes[from + 1] == (byte) 0xbb && bytes[from + 2] == (byte) 0xbf;
        int start = marked ? from + 3 : from;
        while (start < to && isBlank(bytes[start])) start++;
        return start;
    }

    /** Where the text of a line that begins at `from` ends. */
    static int end(byte[] line, int from, int to) {
        while (to > from && isBlank(line[to - 1])) to--;
        return to;
    }

    private static boolean isBlank(byte each) {
        return each == ' ' || each >= '\t' && each <= '\r';
    }

    /** Returns the object of a text, or null for anything else. */
    static JsonNode object(ObjectReader reader, byte[] bytes, int from, int to) {
        try {
            ByteBuffer line = ByteBuffer.wrap(bytes, from, to - from);
            String text = StandardCharsets.UTF_8.newDecoder().decode(line).toString();
            JsonNode node = reader.readTree(text);
            if (!node.isObject()) return null;
            return SUSPECT.matcher(text).find() && !isSound(reader, text) ? null : node;
        } catch (IOException error) { // not UTF-8, or not JSON
            return null;
        }
    }

    /** Whether no text has half of a surrogate pair, and no number is too large for a double; Jackson takes both. */
    private static boolean isSound(ObjectReader reader, String text) throws IOException {
        JsonParser parser = reader.createParser(text);
        for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
            boolean named = token == JsonToken.FIELD_NAME || token == JsonToken.VALUE_STRING;
            if (named && !StandardCharsets.UTF_8.newEncoder().canEncode(parser.getText())) return false;
            if (token.isNumeric() && Double.isInfinite(parser.getDoubleValue())) return false;
        }
        return true;
    }

    /** Returns the value of the field, or null if it is missing: an exact name wins over a path. */
    JsonNode find(JsonNode object) {
        JsonNode found = (JsonNode) object.get(field);
        return found == null && (field.indexOf('.') >= 0 || field.indexOf('[') >= 0) ? walk(object, path) : found;
    }

    private static JsonNode walk(JsonNode node, String path) {
        if (node.isArray()) {
            int dot = path.indexOf('.');
            String index = dot < 0 ? path : path.substring(0, dot);
            if (!index.matches("[0-9]{1,9}")) return null;
            JsonNode element = (JsonNode) node.get(Integer.parseInt(index));
            return element == null || dot < 0 ? element : walk(element, path.substring(dot + 1));
        }
        if (!node.isObject()) return null;
        if (node.has(path)) return (JsonNode) node.get(path);
        for (int dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
            JsonNode below = (JsonNode) node.get(path.substring(0, dot)); // a key may contain dots: {"a.b": {"c": 1}}
            JsonNode found = below == null ? null : walk(below, path.substring(dot + 1));
            if (found != null) return found;
        }
        return null;
    }
}
