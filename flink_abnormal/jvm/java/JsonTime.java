package flinkabnormal;

import java.io.IOException;
import org.apache.flink.api.java.tuple.Tuple;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.DeserializationFeature;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectReader;

/** The time in a field of a JSON object, by name or path: the twin of formats/jsonl.py and formats/fields.py. */
public final class JsonTime extends RecordTime {
    private static final int VALUE = 0;

    private final Times times;
    private final String field;
    private final String path;
    private transient ObjectReader json;

    public JsonTime(Times times, String field) {
        this.times = times;
        this.field = field;
        this.path = field.replaceAll("\\[(\\d+)\\]", ".$1");
    }

    public long of(Tuple record) {
        byte[] value = (byte[]) record.getField(VALUE);
        if (value.length == 0) return NONE;
        if (json == null) json = new ObjectMapper().reader().with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
        try {
            JsonNode object = json.readTree(value);
            return object.isObject() ? times.of(find(object)) : NONE;
        } catch (IOException error) {
            return NONE;
        }
    }

    private JsonNode find(JsonNode object) {
        JsonNode found = (JsonNode) object.get(field);
        return found == null ? walk(object, path) : found;
    }

    /** Returns the value at a path, or null. A key may contain dots. */
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
            JsonNode below = (JsonNode) node.get(path.substring(0, dot));
            JsonNode found = below == null ? null : walk(below, path.substring(dot + 1));
            if (found != null) return found;
        }
        return null;
    }
}
