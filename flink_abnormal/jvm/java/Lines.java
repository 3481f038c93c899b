package flinkabnormal;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Splits a stream of bytes into lines at LF, CR or CRLF. Of a line above the limit only the first bytes are stored,
 * however long it is.
 */
final class Lines {
    private final int longest;
    private final int kept;
    private final byte[] buffer = new byte[64 * 1024];
    private InputStream in;
    private int at;
    private int end;
    private boolean skipLineFeed;
    private byte[] line = new byte[512];
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
        return Arrays.copyOf(line, tooLong() ? kept : held);
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
        while (at < end || fill()) {
            if (skipLineFeed && buffer[at] == '\n') {
                skipLineFeed = false;
                at++;
                continue;
            }
            skipLineFeed = false;
            int stop = at;
            while (stop < end && buffer[stop] != '\n' && buffer[stop] != '\r') stop++;
            keep(at, stop);
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
        return got > 0;
    }

    private void keep(int from, int to) {
        int count = (int) Math.min(to - from, longest - (long) held);
        if (held + count > line.length) {
            line = Arrays.copyOf(line, Math.min(longest, Math.max(2 * line.length, held + count)));
        }
        System.arraycopy(buffer, from, line, held, count);
        held += count;
        size += to - from;
    }
}
