package flinkabnormal;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

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
    private static final int NOT_PLAIN = -1;

    private final byte[][] names;
    /** The keys that lead to each wanted field if its name is a path; the name alone otherwise. */
    private final byte[][][] paths;
    private final boolean nested;
    /** Of each wanted field: the levels at which a key of its path was met, as bits. */
    private final int[] met;
    /** Behind each wanted field, and last before all of them: the one that came next in an earlier line, or -1. */
    private final int[] followers;
    /** Of each wanted field: what its value is, and the bytes of it, of a text without quotes. */
    final int[] kinds;
    final int[] starts;
    final int[] ends;
    private byte[] line;
    private int end;
    /** Of the last value: what it is, and its bytes. */
    private int kind;
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
        followers = new int[fields.length + 1];
        Arrays.fill(followers, -1);
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
        end = to;
        for (int i = 0; i < kinds.length; i++) {
            kinds[i] = MISSING;
            met[i] = 0;
        }
        int at = space(from);
        if (!is(at, '{')) return false;
        at = object(at + 1, (1 << kinds.length) - 1, 0);
        return at != NOT_PLAIN && space(at) == to;
    }

    // What follows reads from a place on, and returns the place behind, or NOT_PLAIN.

    /**
     * Reads an object to which the paths of these fields (bits) lead. A key that comes twice is not plain, unless its
     * place in the order is known: then the last one counts, as for the full parser.
     */
    private int object(int at, int fields, int level) {
        at = space(at);
        if (is(at, '}')) return at + 1;
        int before = names.length;
        while (true) {
            int wanted = nested || fields == 0 ? -1 : followers[before];
            int below = 0;
            int behind = wanted < 0 ? NOT_PLAIN : key(at, names[wanted]);
            if (behind != NOT_PLAIN) {
                before = wanted;
            } else {
                wanted = -1;
                behind = text(at);
                if (behind == NOT_PLAIN) return NOT_PLAIN;
                for (int i = 0; fields >> i != 0; i++) {
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
                    if ((met[i] & 1 << level) != 0) return NOT_PLAIN;
                    met[i] |= 1 << level;
                }
                if (nested && fields != 0 && wanted < 0 && hasDot()) return NOT_PLAIN; // may be a part of a path
                if (wanted >= 0) {
                    followers[before] = wanted;
                    before = wanted;
                }
            }
            at = space(behind);
            if (!is(at, ':')) return NOT_PLAIN;
            at = value(space(at + 1), below, level + 1);
            if (at == NOT_PLAIN) return NOT_PLAIN;
            if (wanted >= 0) {
                kinds[wanted] = kind;
                starts[wanted] = start;
                ends[wanted] = stop;
            }
            at = space(at);
            if (is(at, '}')) return at + 1;
            if (!is(at, ',')) return NOT_PLAIN;
            at = space(at + 1);
        }
    }

    private int array(int at, int level) {
        at = space(at);
        if (is(at, ']')) return at + 1;
        while (true) {
            at = value(at, 0, level);
            if (at == NOT_PLAIN) return NOT_PLAIN;
            at = space(at);
            if (is(at, ']')) return at + 1;
            if (!is(at, ',')) return NOT_PLAIN;
            at = space(at + 1);
        }
    }

    private int space(int at) {
        byte[] bytes = line;
        while (at < end && (bytes[at] == ' ' || bytes[at] == '\t')) at++;
        return at;
    }

    private boolean is(int at, char expected) {
        return at < end && line[at] == expected;
    }

    /** Reads a key that was read as a text before. */
    private int key(int at, byte[] name) {
        byte[] bytes = line;
        int last = at + 1 + name.length;
        if (last >= end || bytes[at] != '"' || bytes[last] != '"') return NOT_PLAIN;
        for (int i = 0; i < name.length; i++) {
            if (bytes[at + 1 + i] != name[i]) return NOT_PLAIN;
        }
        return last + 1;
    }

    private int text(int at) {
        if (!is(at, '"')) return NOT_PLAIN;
        byte[] bytes = line;
        start = ++at;
        for (; at < end; at++) {
            byte each = bytes[at];
            if (each == '"') {
                stop = at;
                return at + 1;
            }
            if (each < ' ' || each == '\\') return NOT_PLAIN; // a byte of a letter beyond ASCII is negative
        }
        return NOT_PLAIN;
    }

    private int value(int at, int fields, int level) {
        if (at >= end) return NOT_PLAIN;
        byte first = line[at];
        start = at;
        if (first == '"') return of(TEXT, text(at));
        if (first == 't') return literal(TRUE, "true", at);
        if (first == 'f') return literal(FALSE, "false", at);
        if (first == 'n') return literal(NULL, "null", at);
        if (first == '{') return level < DEEPEST ? of(NESTED, object(at + 1, fields, level)) : NOT_PLAIN;
        if (first == '[') return level < DEEPEST ? of(NESTED, array(at + 1, level + 1)) : NOT_PLAIN;
        return first >= '0' && first <= '9' ? number(at) : NOT_PLAIN;
    }

    private int of(int kind, int behind) {
        this.kind = kind;
        return behind;
    }

    private int literal(int kind, String word, int at) {
        int behind = at + word.length();
        if (behind > end) return NOT_PLAIN;
        for (int i = 1; i < word.length(); i++) {
            if (line[at + i] != word.charAt(i)) return NOT_PLAIN;
        }
        stop = behind;
        return of(kind, behind);
    }

    private int number(int at) {
        int behind = digits(at);
        if (line[at] == '0' && behind > at + 1 || behind > at + DIGITS) return NOT_PLAIN;
        kind = WHOLE;
        if (is(behind, '.')) {
            int fraction = behind + 1;
            behind = digits(fraction);
            if (behind == fraction) return NOT_PLAIN;
            kind = FRACTION;
        }
        stop = behind;
        return is(behind, 'e') || is(behind, 'E') ? NOT_PLAIN : behind;
    }

    private int digits(int at) {
        byte[] bytes = line;
        while (at < end && bytes[at] >= '0' && bytes[at] <= '9') at++;
        return at;
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
