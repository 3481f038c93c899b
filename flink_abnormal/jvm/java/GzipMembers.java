package flinkabnormal;

import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;

/**
 * A gzip archive of one or more members. Java's own stream silently ignores data after the last one; here it is a
 * Problem, except for zeros, which tapes use as padding.
 */
final class GzipMembers extends GZIPInputStream {
    private static final int TRAILER = 8;

    GzipMembers(InputStream in) throws IOException {
        super(in, 64 * 1024);
    }

    public int read(byte[] into, int from, int length) throws IOException {
        int got = super.read(into, from, length);
        if (got < 0) checkRest();
        return got;
    }

    private void checkRest() throws IOException {
        int from = len - Math.max(0, inf.getRemaining() - TRAILER);
        while (true) {
            for (int i = from; i < len; i++) {
                if (buf[i] != 0) throw new Problem("something other than gzip data follows the gzip archive");
            }
            from = 0;
            len = in.read(buf, 0, buf.length);
            if (len <= 0) return;
        }
    }
}
