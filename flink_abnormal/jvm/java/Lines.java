package flinkabnormal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Splits a stream of bytes into lines at LF, CR or CRLF. Of a line above the limit only the first bytes are stored,
 * however long it is.
 */
final class Lines {
    private final int longest;
    private final int kept;
    private final byte[] buffer = new byte[64 * 1024];
    /** The buffer's bytes, each as a char: a JVM searches texts many bytes at a time. */
    private String text = "";
    private InputStream in;
    private int at;
    private int end;
    private int lineFeed;
    private int carriageReturn;
    private boolean skipLineFeed;
    private byte[] joined = new byte[512];
    /** The last line is here, from `start` on: in the buffer, or joined from several. */
    private byte[] bytes = buffer;
    private int start;
    private int held;
    private long size;

    Lines(int longest, int kept) {
        this.longest = longest;
        this.kept = kept;
    }

    void read(InputStream from) {
        in = from;
    }

    /** The last line read, or its first bytes if it is too long. */
    byte[] line() {
        return Arrays.copyOfRange(bytes, start, start + (tooLong() ? kept : held));
    }

    /** Adds the last line, which is not too long, to others. */
    void addTo(ByteArrayOutputStream others) {
        others.write(bytes, start, held);
    }

    /** The line's length in bytes, without its line break. */
    long size() {
        return size;
    }

    /** Why the line is not read, or an empty text. */
    String problem() {
        return tooLong() ? "a line of " + size + " bytes; at most " + longest + " are read" : "";
    }

    private boolean tooLong() {
        return size > longest;
    }

    /** Reads the next line; returns false at the end. If the stream fails, line() is the part read so far. */
    boolean next() throws IOException {
        held = 0;
        size = 0;
        bytes = joined;
        start = 0;
        while (at < end || fill()) {
            if (skipLineFeed && buffer[at] == '\n') {
                skipLineFeed = false;
                at++;
                continue;
            }
            skipLineFeed = false;
            int stop = lineEnd();
            if (stop < end && size == 0) {
                bytes = buffer;
                start = at;
                size = stop - at;
                held = (int) Math.min(size, longest);
            } else {
                join(at, stop);
            }
            at = stop;
            if (stop < end) {
                skipLineFeed = buffer[stop] == '\r';
                at++;
                return true;
            }
        }
        return size > 0;
    }

    private boolean fill() throws IOException {
        at = 0;
        end = 0;
        int got = in.read(buffer, 0, buffer.length);
        end = Math.max(got, 0);
        text = new String(buffer, 0, end, StandardCharsets.ISO_8859_1);
        lineFeed = -1;
        carriageReturn = -1;
        return got > 0;
    }

    /** The place of the next line break, or the buffer's end. */
    private int lineEnd() {
        if (lineFeed < at) lineFeed = find('\n');
        if (carriageReturn < at) carriageReturn = find('\r');
        return Math.min(lineFeed, carriageReturn);
    }

    private int find(char sought) {
        int found = text.indexOf(sought, at);
        return found < 0 ? end : found;
    }

    private void join(int from, int to) {
        int count = (int) Math.min(to - from, longest - (long) held);
        if (held + count > joined.length) {
            joined = Arrays.copyOf(joined, Math.min(longest, Math.max(2 * joined.length, held + count)));
            bytes = joined;
        }
        System.arraycopy(buffer, from, joined, held, count);
        held += count;
        size += to - from;
    }
}
