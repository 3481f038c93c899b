package flinkabnormal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * Writes an event for another task in one piece: a byte of flags, the lengths of user and id (a byte each), user, id, and
 * the time if it has one. Flink writes each field apart, and letter by letter. Any other event, of a user with a letter
 * beyond Latin-1 for example, is OTHER, followed by the tuple as Flink writes it.
 */
public final class EventSerializer extends TypeSerializer {
    private static final int ABNORMAL = 1;
    private static final int TIMED = 2;
    private static final int OTHER = 4;
    private static final int HEAD = 3;
    private static final int LONGEST = 255;
    private static final Long ONCE = Long.valueOf(1L);
    private static final Long NO_TIME = Long.valueOf(RecordTime.NONE);

    private final TypeSerializer tuples;
    private final byte[] buffer = new byte[HEAD + 2 * LONGEST + Long.BYTES];

    EventSerializer(TypeSerializer tuples) {
        this.tuples = tuples;
    }

    public void serialize(Object value, DataOutputView out) throws IOException {
        Tuple5 event = (Tuple5) value;
        int length = ((Long) event.f2).longValue() == 1L ? fill(event) : 0;
        if (length > 0) {
            out.write(buffer, 0, length);
        } else {
            out.writeByte(OTHER);
            tuples.serialize(event, out);
        }
    }

    /** Fills the buffer; returns how many bytes, or 0 if the event does not fit the short form. */
    private int fill(Tuple5 event) {
        int user = write((String) event.f0, HEAD);
        int id = user < 0 ? user : write((String) event.f4, HEAD + user);
        if (id < 0) return 0;
        int at = HEAD + user + id;
        long time = ((Long) event.f3).longValue();
        int flags = LineParser.ABNORMAL.equals(event.f1) ? ABNORMAL : 0;
        if (time != RecordTime.NONE) {
            flags |= TIMED;
            for (int shift = 56; shift >= 0; shift -= 8) buffer[at++] = (byte) (time >> shift);
        }
        buffer[0] = (byte) flags;
        buffer[1] = (byte) user;
        buffer[2] = (byte) id;
        return at;
    }

    /** Writes a text of Latin-1 to a place in the buffer; returns its length, or -1 if it does not fit. */
    private int write(String text, int to) {
        int length = text.length();
        if (length > LONGEST) return -1;
        int all = 0;
        for (int i = 0; i < length; i++) {
            char letter = text.charAt(i);
            all |= letter;
            buffer[to + i] = (byte) letter;
        }
        return all > 0xff ? -1 : length;
    }

    public Object deserialize(DataInputView in) throws IOException {
        int flags = in.readUnsignedByte();
        if (flags == OTHER) return tuples.deserialize(in);
        int user = in.readUnsignedByte();
        int id = in.readUnsignedByte();
        in.readFully(buffer, 0, user + id);
        String kind = (flags & ABNORMAL) == 0 ? LineParser.NORMAL : LineParser.ABNORMAL;
        Long time = (flags & TIMED) == 0 ? NO_TIME : Long.valueOf(in.readLong());
        return new Tuple5(text(0, user), kind, ONCE, time, text(user, id));
    }

    private String text(int from, int length) {
        return length == 0 ? "" : new String(buffer, from, length, StandardCharsets.ISO_8859_1);
    }

    public Object deserialize(Object reuse, DataInputView in) throws IOException {
        return deserialize(in);
    }

    public void copy(DataInputView in, DataOutputView out) throws IOException {
        serialize(deserialize(in), out);
    }

    public Object copy(Object event) {
        return tuples.copy(event);
    }

    public Object copy(Object event, Object reuse) {
        return copy(event);
    }

    public boolean isImmutableType() {
        return false;
    }

    public Object createInstance() {
        return tuples.createInstance();
    }

    public int getLength() {
        return -1;
    }

    public TypeSerializer duplicate() {
        return new EventSerializer(tuples.duplicate());
    }

    public TypeSerializerSnapshot snapshotConfiguration() {
        throw new UnsupportedOperationException("events cross from task to task, and are in no state");
    }

    public boolean equals(Object other) {
        return other instanceof EventSerializer && ((EventSerializer) other).tuples.equals(tuples);
    }

    public int hashCode() {
        return tuples.hashCode();
    }
}
