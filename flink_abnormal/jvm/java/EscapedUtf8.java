package flinkabnormal;

import java.nio.charset.StandardCharsets;

/** UTF-8 whose other bytes are kept as U+DC80 to U+DCFF, which no UTF-8 contains: Python's `surrogateescape`. */
final class EscapedUtf8 {
    private static final int ESCAPED = 0xdc00;

    private EscapedUtf8() {}

    static String decode(byte[] bytes) {
        int at = 0;
        while (at < bytes.length && bytes[at] >= 0) at++;
        if (at == bytes.length) return new String(bytes, StandardCharsets.ISO_8859_1);
        StringBuilder text = new StringBuilder(bytes.length);
        text.append(new String(bytes, 0, at, StandardCharsets.ISO_8859_1));
        while (at < bytes.length) {
            int size = size(bytes, at);
            if (size == 0) text.append((char) (ESCAPED + (bytes[at] & 0xff)));
            else text.appendCodePoint(letter(bytes, at, size));
            at += Math.max(size, 1);
        }
        return text.toString();
    }

    /** Whether a decoded text contains a byte that is not UTF-8. */
    static boolean isEscaped(String text) {
        for (int i = 0; i < text.length(); i++) {
            char each = text.charAt(i);
            if (Character.isHighSurrogate(each)) i++;
            else if (each >= 0xdc80 && each <= 0xdcff) return true;
        }
        return false;
    }

    /** The number of bytes of the letter at a place, or 0 if it is none. */
    private static int size(byte[] bytes, int at) {
        int first = bytes[at] & 0xff;
        int size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
        if (at + size > bytes.length) return 0;
        for (int i = 1; i < size; i++) {
            if ((bytes[at + i] & 0xc0) != 0x80) return 0;
        }
        if (size < 3) return size;
        int letter = letter(bytes, at, size);
        boolean tooLong = letter < (size == 3 ? 0x800 : 0x10000);
        boolean surrogate = letter >= 0xd800 && letter < 0xe000;
        return tooLong || surrogate || letter > 0x10ffff ? 0 : size;
    }

    private static int letter(byte[] bytes, int at, int size) {
        int letter = bytes[at] & (size == 1 ? 0x7f : 0xff >> size + 1);
        for (int i = 1; i < size; i++) letter = letter << 6 | bytes[at + i] & 0x3f;
        return letter;
    }
}
