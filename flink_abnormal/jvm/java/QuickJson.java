package flinkabnormal;

/**
 * Reads an object of plain values in place: its fields are ASCII texts without escapes, whole numbers, plain fractions
 * and literals. Anything else is for the full parser, which gives the same for such a line.
 */
final class QuickJson {
    static final int MISSING = 0;
    static final int TEXT = 1;
    static final int WHOLE = 2;
    static final int TRUE = 3;
    static final int FALSE = 4;
    static final int NULL = 5;
    static final int FRACTION = 6;
    private static final int DIGITS = 17; // fit a long, and a double's fraction can't be infinite

    private final byte[][] names;
    /** Of each wanted field: what its value is, and the bytes of it, of a text without quotes. */
    final int[] kinds;
    final int[] starts;
    final int[] ends;
    private byte[] line;
    private int at;
    private int end;
    private int start;
    private int stop;

    QuickJson(byte[][] names) {
        this.names = names;
        this.kinds = new int[names.length];
        this.starts = new int[names.length];
        this.ends = new int[names.length];
    }

    /** Reads the wanted fields; returns false if the line is not that plain. */
    boolean read(byte[] bytes, int from, int to) {
        line = bytes;
        at = from;
        end = to;
        for (int i = 0; i < kinds.length; i++) kinds[i] = MISSING;
        if (next() != '{') return false;
        at++;
        while (true) {
            if (next() != '"' || !text()) return false;
            int wanted = wanted(start, stop - start);
            if (next() != ':') return false;
            at++;
            int kind = value();
            if (kind == MISSING) return false;
            if (wanted >= 0) {
                kinds[wanted] = kind;
                starts[wanted] = start;
                ends[wanted] = stop;
            }
            int then = next();
            at++;
            if (then == '}') return next() < 0;
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

    private int value() {
        int first = next();
        start = at;
        if (first == '"') return text() ? TEXT : MISSING;
        if (first == 't') return literal("true") ? TRUE : MISSING;
        if (first == 'f') return literal("false") ? FALSE : MISSING;
        if (first == 'n') return literal("null") ? NULL : MISSING;
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

    private int wanted(int from, int length) {
        for (int i = 0; i < names.length; i++) {
            byte[] name = names[i];
            if (name.length == length && same(name, from)) return i;
        }
        return -1;
    }

    private boolean same(byte[] name, int from) {
        for (int i = 0; i < name.length; i++) {
            if (name[i] != line[from + i]) return false;
        }
        return true;
    }

    /** The value of a WHOLE field. */
    long whole(int field) {
        long value = 0;
        for (int i = starts[field]; i < ends[field]; i++) value = 10 * value + line[i] - '0';
        return value;
    }
}
