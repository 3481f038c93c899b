package flinkabnormal;

import org.apache.flink.api.java.tuple.Tuple;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectReader;

/** The time in a field of a JSON object, by name or path: the twin of formats/jsonl.py. */
public final class JsonTime extends RecordTime {
    private static final int VALUE = 0;

    private final Times times;
    private final JsonFields field;
    private transient ObjectReader json;

    public JsonTime(Times times, String field) {
        this.times = times;
        this.field = new JsonFields(field);
    }

    public long of(Tuple record) {
        byte[] value = (byte[]) record.getField(VALUE);
        int from = JsonFields.start(value, 0, value.length);
        if (from == value.length) return NONE;
        if (json == null) json = JsonFields.reader();
        JsonNode object = JsonFields.object(json, value, from, JsonFields.end(value, from, value.length));
        return object == null ? NONE : times.of(field.find(object));
    }
}
