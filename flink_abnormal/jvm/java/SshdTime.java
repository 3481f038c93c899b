package flinkabnormal;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The time in a header of sshd's lines: the twin of `_timestamp` in formats/sshd.py. */
final class SshdTime implements Serializable {
    private static final int WEEK = 7;
    private static final String MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    private static final byte[] NOTHING = new byte[0];

    /** Whether the last time could not be read. */
    transient boolean unread;
    private final Times times;
    private final int year;
    private final String pattern;
    private transient Matcher traditional;
    private transient SyslogHeader header;
    private transient byte[] dated;
    private transient int[] firstDay;

    /** @param pattern that of a traditional time, such as "Dec 10 06:55:46" */
    SshdTime(Times times, int year, String pattern) {
        this.times = times;
        this.year = year;
        this.pattern = pattern;
    }

    void open(SyslogHeader header) {
        this.header = header;
        traditional = Pattern.compile(pattern).matcher("");
        dated = NOTHING;
    }

    /** @param first the beginning of the file's first dated line */
    long of(String text, byte[] first) {
        unread = false;
        if (text.isEmpty() || text.startsWith("[")) return RecordTime.NONE; // "[": seconds since boot
        long found = RecordTime.NONE;
        if (traditional.reset(text).matches()) {
            if (year == 0) return RecordTime.NONE;
            found = plain(text, first);
        }
        return found == RecordTime.NONE ? any(text, first) : found;
    }

    private long any(String text, byte[] first) {
        int[] day = times.yearless(text);
        if (day != null && year == 0) return RecordTime.NONE;
        long found = times.ofText(text, day == null ? 0 : year + yearsAfter(day, first));
        unread = found == RecordTime.NONE;
        return found;
    }

    /** The usual traditional time, read without a pattern; NONE for any other. */
    private long plain(String text, byte[] first) {
        int month = MONTHS.indexOf(text.substring(0, 3));
        int day = number(text, 4);
        int hour = number(text, 7);
        int minute = number(text, 10);
        int second = number(text, 13);
        if (month < 0 || month % 4 != 0 || (day | hour | minute | second) < 0) return RecordTime.NONE;
        if (text.length() != 15 || text.charAt(9) != ':' || text.charAt(12) != ':') return RecordTime.NONE;
        if (hour > 23 || minute > 59 || second > 59) return RecordTime.NONE;
        int[] date = new int[] {month / 4 + 1, day};
        try {
            long days = LocalDate.of(year + yearsAfter(date, first), date[0], day).toEpochDay();
            return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000L;
        } catch (DateTimeException error) {
            return RecordTime.NONE;
        }
    }

    /** The number of two digits, or of a blank and one; negative if there is anything else. */
    private static int number(String text, int at) {
        int tens = text.charAt(at) == ' ' ? 0 : text.charAt(at) - '0';
        int ones = text.charAt(at + 1) - '0';
        return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : 10 * tens + ones;
    }

    /** 1 if the day precedes the file's first by more than a week: the file continued into the next year. */
    private int yearsAfter(int[] day, byte[] first) {
        if (!Arrays.equals(first, dated)) {
            dated = first;
            boolean found = header.read(new String(first, StandardCharsets.UTF_8) + " ");
            firstDay = found ? times.yearless(header.time) : null;
        }
        return firstDay != null && 31 * day[0] + day[1] < 31 * firstDay[0] + firstDay[1] - WEEK ? 1 : 0;
    }
}
