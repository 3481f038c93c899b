package flinkabnormal;

import java.nio.charset.StandardCharsets;

/** Reads the usual line of a failed password in place, from ASCII: what Sshd's patterns would find, at a fraction. */
final class PlainLogin {
    private static final byte[] PROGRAM = ascii(" sshd");
    private static final byte[] SESSION = ascii("-session");
    private static final byte[] FAILED = ascii("Failed password for ");
    private static final byte[] INVALID = ascii("invalid user ");
    private static final byte[] ILLEGAL = ascii("illegal user ");
    private static final byte[] FROM = ascii(" from ");
    private static final byte[] PORT = ascii(" port ");
    private static final byte[] END = ascii(" ssh2");
    private static final int TIME = 15;

    String time;
    String name;
    String address;

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Returns false if the line is another one, or is written otherwise. */
    boolean read(byte[] line) {
        for (int i = 0; i < line.length; i++) {
            if (line[i] < ' ' || line[i] == 0x7f) return false;
        }
        int timeEnd = isTraditional(line) ? TIME : isIso(line) ? space(line, 0) : 0;
        int hostEnd = space(line, timeEnd + 1);
        if (timeEnd == 0 || hostEnd <= timeEnd + 1 || line[hostEnd - 1] == ':') return false;
        int message = message(line, hostEnd);
        if (!isAt(line, message, FAILED)) return false;
        int from = message + FAILED.length;
        if (isAt(line, from, INVALID) || isAt(line, from, ILLEGAL)) from += INVALID.length;
        return readEnd(line, from, timeEnd);
    }

    /** From the end on: the name may contain what looks like an address. */
    private boolean readEnd(byte[] line, int from, int timeEnd) {
        int at = line.length - END.length;
        int port = at;
        while (port > from && isDigit(line[port - 1])) port--;
        int addressEnd = port - PORT.length;
        if (port == at || !isAt(line, at, END) || !isAt(line, addressEnd, PORT)) return false;
        int start = addressEnd;
        while (start > from && line[start - 1] != ' ') start--;
        int nameEnd = start - FROM.length;
        if (start == addressEnd || nameEnd <= from || !isAt(line, nameEnd, FROM)) return false;
        time = text(line, 0, timeEnd);
        name = text(line, from, nameEnd);
        address = text(line, start, addressEnd);
        return true;
    }

    private static String text(byte[] line, int from, int to) {
        return new String(line, from, to - from, StandardCharsets.ISO_8859_1);
    }

    /** Whether it starts like "Dec 10 06:55:46 ". */
    private static boolean isTraditional(byte[] line) {
        return line.length > TIME
            && line[0] >= 'A' && line[0] <= 'Z' && isSmall(line[1]) && isSmall(line[2]) && line[3] == ' '
            && (line[4] == ' ' || isDigit(line[4])) && isDigit(line[5]) && line[6] == ' '
            && isDigit(line[7]) && isDigit(line[8]) && line[9] == ':'
            && isDigit(line[10]) && isDigit(line[11]) && line[12] == ':'
            && isDigit(line[13]) && isDigit(line[14]) && line[TIME] == ' ';
    }

    /** Whether it starts like "2023-12-10T0". */
    private static boolean isIso(byte[] line) {
        if (line.length < 12 || line[4] != '-' || line[7] != '-' || line[10] != 'T' || line[11] == ' ') return false;
        for (int i = 0; i < 10; i++) {
            if (i != 4 && i != 7 && !isDigit(line[i])) return false;
        }
        return true;
    }

    /** Where the message behind "sshd[24200]: " starts, or 0. */
    private static int message(byte[] line, int hostEnd) {
        if (!isAt(line, hostEnd, PROGRAM)) return 0;
        int at = hostEnd + PROGRAM.length;
        if (isAt(line, at, SESSION)) at += SESSION.length;
        if (at == line.length || line[at] != '[') return 0;
        int pid = ++at;
        while (at < line.length && isDigit(line[at])) at++;
        boolean ends = at > pid && line.length > at + 2 && line[at] == ']' && line[at + 1] == ':' && line[at + 2] == ' ';
        return ends ? at + 3 : 0;
    }

    private static int space(byte[] line, int from) {
        for (int i = from; i < line.length; i++) {
            if (line[i] == ' ') return i;
        }
        return 0;
    }

    private static boolean isDigit(byte each) {
        return each >= '0' && each <= '9';
    }

    private static boolean isSmall(byte each) {
        return each >= 'a' && each <= 'z';
    }

    static boolean isAt(byte[] line, int at, byte[] text) {
        if (at < 0 || line.length - at < text.length) return false;
        for (int i = 0; i < text.length; i++) {
            if (line[at + i] != text[i]) return false;
        }
        return true;
    }
}
