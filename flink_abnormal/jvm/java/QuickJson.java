package flinkabnormal;

import java.nio.charset.StandardCharsets;

/**
 * Reads an object of plain values in place: ASCII texts without escapes, whole numbers, plain fractions, literals, and
 * objects and arrays of these. Anything else is for the full parser, which gives the same for such a line.
 */
final class QuickJson {
    static final int MISSING = 0;
    static final int TEXT = 1;
    static final int WHOLE = 2;
    static final int TRUE = 3;
    static final int FALSE = 4;
    static final int NULL = 5;
    static final int FRACTION = 6;
    static final int NESTED = 7;
    private static final int DIGITS = 17; // fit a long, and a double's fraction can't be infinite
    private static final int DEEPEST = 16; // as many levels, with the line's own object

    private final byte[][] names;
    /** The keys that lead to each wanted field if its name is a path; the name alone otherwise. */
    private final byte[][][] paths;
    private final boolean nested;
    /** Of each wanted field: the levels at which a key of its path was met, as bits. */
    private final int[] met;
    /** Of each wanted field: what its value is, and the bytes of it, of a text without quotes. */
    final int[] kinds;
    final int[] starts;
    final int[] ends;
    private byte[] line;
    private int at;
    private int end;
    private int start;
    private int stop;

    /** Wants fields by name or by a path of names, such as user.name; see `canRead`. */
    QuickJson(String[] fields) {
        names = new byte[fields.length][];
        paths = new byte[fields.length][][];
        boolean dotted = false;
        for (int i = 0; i < fields.length; i++) {
            String[] keys = fields[i].split("\\.", -1);
            names[i] = utf8(fields[i]);
            paths[i] = new byte[keys.length][];
            for (int level = 0; level < keys.length; level++) paths[i][level] = utf8(keys[level]);
            dotted |= keys.length > 1;
        }
        nested = dotted;
        met = new int[fields.length];
        kinds = new int[fields.length];
        starts = new int[fields.length];
        ends = new int[fields.length];
    }

    /** Whether a field can be wanted: its path leads through objects only, not to an element of an array. */
    static boolean canRead(String field) {
        return !field.matches("(?s).*\\[.*|(.*\\.)?[0-9]+(\\..*)?") && field.split("\\.", -1).length <= DEEPEST;
    }

    /** Reads the wanted fields; returns false if the line is not that plain. */
    boolean read(byte[] bytes, int from, int to) {
        line = bytes;
        at = from;
        end = to;
        for (int i = 0; i < kinds.length; i++) {
            kinds[i] = MISSING;
            met[i] = 0;
        }
        return next() == '{' && object((1 << kinds.length) - 1, 0) && next() < 0;
    }

    /** Reads an object to which the paths of these fields (bits) lead; one that comes twice is not plain. */
    private boolean object(int fields, int level) {
        at++;
        if (next() == '}') {
            at++;
            return true;
        }
        while (true) {
            if (next() != '"' || !text()) return false;
            int wanted = -1;
            int below = 0;
            if (fields != 0) {
                for (int i = 0; i < names.length; i++) {
                    if ((fields & 1 << i) == 0) continue;
                    boolean last = level == paths[i].length - 1;
                    if (same(paths[i][level])) {
                        if (last) wanted = i;
                        else below |= 1 << i;
                    } else if (level == 0 && !last && same(names[i])) {
                        wanted = i;
                    } else {
                        continue;
                    }
                    if ((met[i] & 1 << level) != 0) return false;
                    met[i] |= 1 << level;
                }
                if (nested && wanted < 0 && hasDot()) return false; // may be a part of a path
            }
            if (next() != ':') return false;
            at++;
            int kind = value(below, level + 1);
            if (kind == MISSING) return false;
            if (wanted >= 0) {
                kinds[wanted] = kind;
                starts[wanted] = start;
                ends[wanted] = stop;
            }
            int then = next();
            at++;
            if (then == '}') return true;
            if (then != ',') return false;
        }
    }

    private boolean array(int level) {
        at++;
        if (next() == ']') {
            at++;
            return true;
        }
        while (true) {
            if (value(0, level) == MISSING) return false;
            int then = next();
            at++;
            if (then == ']') return true;
            if (then != ',') return false;
        }
    }

    /** The next byte that is no white space, or -1 at the end. */
    private int next() {
        while (at < end) {
            byte each = line[at];
            if (each != ' ' && each != '\t') return each & 0xff;
            at++;
        }
        return -1;
    }

    /** Reads a text from its quote on. */
    private boolean text() {
        start = ++at;
        while (at < end) {
            byte each = line[at];
            if (each == '"') {
                stop = at++;
                return true;
            }
            if (each < ' ' || each == '\\') return false; // a byte of a letter beyond ASCII is negative
            at++;
        }
        return false;
    }

    private int value(int fields, int level) {
        int first = next();
        start = at;
        if (first == '"') return text() ? TEXT : MISSING;
        if (first == 't') return literal("true") ? TRUE : MISSING;
        if (first == 'f') return literal("false") ? FALSE : MISSING;
        if (first == 'n') return literal("null") ? NULL : MISSING;
        if (first == '{') return level < DEEPEST && object(fields, level) ? NESTED : MISSING;
        if (first == '[') return level < DEEPEST && array(level + 1) ? NESTED : MISSING;
        return first >= '0' && first <= '9' ? number() : MISSING;
    }

    private boolean literal(String word) {
        if (end - at < word.length()) return false;
        for (int i = 1; i < word.length(); i++) {
            if (line[at + i] != word.charAt(i)) return false;
        }
        at += word.length();
        stop = at;
        return true;
    }

    private int number() {
        boolean zero = line[at] == '0';
        int whole = digits();
        if (zero && whole > 1 || whole > DIGITS) return MISSING;
        int kind = WHOLE;
        if (at < end && line[at] == '.') {
            at++;
            if (digits() == 0) return MISSING;
            kind = FRACTION;
        }
        stop = at;
        return at < end && (line[at] == 'e' || line[at] == 'E') ? MISSING : kind;
    }

    private int digits() {
        int from = at;
        while (at < end && line[at] >= '0' && line[at] <= '9') at++;
        return at - from;
    }

    /** Whether the text that was just read is this one. */
    private boolean same(byte[] text) {
        if (text.length != stop - start) return false;
        for (int i = 0; i < text.length; i++) {
            if (text[i] != line[start + i]) return false;
        }
        return true;
    }

    private boolean hasDot() {
        for (int i = start; i < stop; i++) {
            if (line[i] == '.') return true;
        }
        return false;
    }

    /** The value of a WHOLE field. */
    long whole(int field) {
        long value = 0;
        for (int i = starts[field]; i < ends[field]; i++) value = 10 * value + line[i] - '0';
        return value;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
