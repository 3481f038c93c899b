package flinkabnormal;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The first half of a SHA-256, as hex digits: the twin of `digest` in core/model.py; not thread-safe. */
final class Digest {
    private static final int BYTES = 16;

    private final MessageDigest sha256;

    Digest() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException error) { // every Java has it
            throw new IllegalStateException(error);
        }
    }

    String of(byte[] bytes, int from, int to) {
        sha256.update(bytes, from, to - from);
        return HexFormat.of().formatHex(sha256.digest(), 0, BYTES);
    }
}
