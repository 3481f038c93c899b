package flinkabnormal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.Arrays;

/** BLAKE2b of 16 bytes (RFC 7693), as hex digits: the twin of `digest` in core/model.py; not thread-safe. */
final class Blake2b {
    private static final int BLOCK = 128;
    private static final int BYTES = 16;
    private static final int ROUNDS = 12;
    private static final char[] HEX = "0123456789abcdef".toCharArray();
    /** The order of the message's words: 16 for each of ten rounds; the last two rounds are the first two again. */
    private static final byte[] ORDER = order(
        "0123456789abcdef" + "ea489fd61c02b753" + "b8c052fdae367194" + "7931dcbe265a40f8" + "905724afe1bc683d"
            + "2c6a0b834d75fe19" + "c51fed4a0763928b" + "db7ec13950f4862a" + "6fe9b308c2d714a5" + "a2847615fb9e3cd0");

    private final long[] m = new long[BLOCK / 8];
    private final byte[] block = new byte[BLOCK];
    private final LongBuffer words = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
    private final char[] hex = new char[2 * BYTES];
    private long h0, h1, h2, h3, h4, h5, h6, h7;

    private static byte[] order(String digits) {
        byte[] words = new byte[16 * ROUNDS];
        for (int i = 0; i < words.length; i++) {
            words[i] = (byte) Character.digit(digits.charAt(i % digits.length()), 16);
        }
        return words;
    }

    /** Returns the digest of bytes as 32 hex digits. */
    String of(byte[] bytes, int from, int to) {
        h0 = 0x6a09e667f3bcc908L ^ 0x01010000L ^ BYTES;
        h1 = 0xbb67ae8584caa73bL;
        h2 = 0x3c6ef372fe94f82bL;
        h3 = 0xa54ff53a5f1d36f1L;
        h4 = 0x510e527fade682d1L;
        h5 = 0x9b05688c2b3e6c1fL;
        h6 = 0x1f83d9abfb41bd6bL;
        h7 = 0x5be0cd19137e2179L;
        int at = from;
        for (; to - at > BLOCK; at += BLOCK) {
            System.arraycopy(bytes, at, block, 0, BLOCK);
            compress(at + BLOCK - from, 0L);
        }
        System.arraycopy(bytes, at, block, 0, to - at);
        Arrays.fill(block, to - at, BLOCK, (byte) 0);
        compress(to - from, -1L);
        hex(h0, 0);
        hex(h1, 16);
        return new String(hex);
    }

    /** Mixes in the block; `soFar` counts the bytes up to its end, `end` is -1 for the last one. */
    private void compress(long soFar, long end) {
        words.clear();
        words.get(m);
        long v0 = h0, v1 = h1, v2 = h2, v3 = h3, v4 = h4, v5 = h5, v6 = h6, v7 = h7;
        long v8 = 0x6a09e667f3bcc908L, v9 = 0xbb67ae8584caa73bL, v10 = 0x3c6ef372fe94f82bL, v11 = 0xa54ff53a5f1d36f1L;
        long v12 = 0x510e527fade682d1L ^ soFar, v13 = 0x9b05688c2b3e6c1fL;
        long v14 = 0x1f83d9abfb41bd6bL ^ end, v15 = 0x5be0cd19137e2179L;
        for (int at = 0; at < 16 * ROUNDS; at += 16) {
            v0 += v4 + m[ORDER[at + 0]]; v12 = Long.rotateRight(v12 ^ v0, 32);
            v8 += v12; v4 = Long.rotateRight(v4 ^ v8, 24);
            v0 += v4 + m[ORDER[at + 1]]; v12 = Long.rotateRight(v12 ^ v0, 16);
            v8 += v12; v4 = Long.rotateRight(v4 ^ v8, 63);
            v1 += v5 + m[ORDER[at + 2]]; v13 = Long.rotateRight(v13 ^ v1, 32);
            v9 += v13; v5 = Long.rotateRight(v5 ^ v9, 24);
            v1 += v5 + m[ORDER[at + 3]]; v13 = Long.rotateRight(v13 ^ v1, 16);
            v9 += v13; v5 = Long.rotateRight(v5 ^ v9, 63);
            v2 += v6 + m[ORDER[at + 4]]; v14 = Long.rotateRight(v14 ^ v2, 32);
            v10 += v14; v6 = Long.rotateRight(v6 ^ v10, 24);
            v2 += v6 + m[ORDER[at + 5]]; v14 = Long.rotateRight(v14 ^ v2, 16);
            v10 += v14; v6 = Long.rotateRight(v6 ^ v10, 63);
            v3 += v7 + m[ORDER[at + 6]]; v15 = Long.rotateRight(v15 ^ v3, 32);
            v11 += v15; v7 = Long.rotateRight(v7 ^ v11, 24);
            v3 += v7 + m[ORDER[at + 7]]; v15 = Long.rotateRight(v15 ^ v3, 16);
            v11 += v15; v7 = Long.rotateRight(v7 ^ v11, 63);
            v0 += v5 + m[ORDER[at + 8]]; v15 = Long.rotateRight(v15 ^ v0, 32);
            v10 += v15; v5 = Long.rotateRight(v5 ^ v10, 24);
            v0 += v5 + m[ORDER[at + 9]]; v15 = Long.rotateRight(v15 ^ v0, 16);
            v10 += v15; v5 = Long.rotateRight(v5 ^ v10, 63);
            v1 += v6 + m[ORDER[at + 10]]; v12 = Long.rotateRight(v12 ^ v1, 32);
            v11 += v12; v6 = Long.rotateRight(v6 ^ v11, 24);
            v1 += v6 + m[ORDER[at + 11]]; v12 = Long.rotateRight(v12 ^ v1, 16);
            v11 += v12; v6 = Long.rotateRight(v6 ^ v11, 63);
            v2 += v7 + m[ORDER[at + 12]]; v13 = Long.rotateRight(v13 ^ v2, 32);
            v8 += v13; v7 = Long.rotateRight(v7 ^ v8, 24);
            v2 += v7 + m[ORDER[at + 13]]; v13 = Long.rotateRight(v13 ^ v2, 16);
            v8 += v13; v7 = Long.rotateRight(v7 ^ v8, 63);
            v3 += v4 + m[ORDER[at + 14]]; v14 = Long.rotateRight(v14 ^ v3, 32);
            v9 += v14; v4 = Long.rotateRight(v4 ^ v9, 24);
            v3 += v4 + m[ORDER[at + 15]]; v14 = Long.rotateRight(v14 ^ v3, 16);
            v9 += v14; v4 = Long.rotateRight(v4 ^ v9, 63);
        }
        h0 ^= v0 ^ v8;
        h1 ^= v1 ^ v9;
        h2 ^= v2 ^ v10;
        h3 ^= v3 ^ v11;
        h4 ^= v4 ^ v12;
        h5 ^= v5 ^ v13;
        h6 ^= v6 ^ v14;
        h7 ^= v7 ^ v15;
    }

    private void hex(long word, int at) {
        for (int i = 0; i < 8; i++, word >>>= 8) {
            hex[at + 2 * i] = HEX[(int) (word >>> 4) & 15];
            hex[at + 2 * i + 1] = HEX[(int) word & 15];
        }
    }
}
