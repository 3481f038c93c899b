package flinkabnormal;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.api.java.tuple.Tuple;

/** The time in the header of a syslog line, of any program: the twin of formats/syslog.py and formats/sshd.py. */
public final class SyslogTime extends RecordTime {
    private static final int LINE = 0;
    private static final int LONGEST = 4 * 1024;
    private static final int WEEK = 7;

    private final Times times;
    private final String[] headers;
    private final int year;
    private final int first;
    private transient Pattern[] patterns;

    /**
     * @param headers patterns of headers, in the order to try; each has a group `time`
     * @param year that of a file's first line, or 0
     * @param first the place of the file's first dated line in a record, or -1
     */
    public SyslogTime(Times times, List headers, Integer year, Integer first) {
        this.times = times;
        this.headers = new String[headers.size()];
        for (int i = 0; i < this.headers.length; i++) this.headers[i] = (String) headers.get(i);
        this.year = year.intValue();
        this.first = first.intValue();
    }

    public long of(Tuple record) {
        byte[] line = (byte[]) record.getField(LINE);
        String text = header(new String(line, 0, Math.min(line.length, LONGEST), StandardCharsets.UTF_8));
        if (text == null || text.isEmpty() || text.startsWith("[")) return NONE; // "[": seconds since boot
        int[] day = times.yearless(text);
        if (day == null) return times.ofText(text, 0);
        return year == 0 ? NONE : times.ofText(text, year + yearsAfter(day, record));
    }

    /** Returns the text of the time in a line's header, or null. */
    private String header(String text) {
        if (patterns == null) {
            patterns = new Pattern[headers.length];
            for (int i = 0; i < headers.length; i++) patterns[i] = Pattern.compile(headers[i]);
        }
        for (Pattern pattern : patterns) {
            Matcher match = pattern.matcher(text);
            try {
                if (match.lookingAt()) return match.group("time");
            } catch (StackOverflowError error) { // Java's patterns recurse: a header that long is none
                return null;
            }
        }
        return null;
    }

    private int yearsAfter(int[] day, Tuple record) {
        if (first < 0) return 0;
        byte[] bytes = (byte[]) record.getField(first);
        if (bytes.length == 0) return 0;
        String text = header(new String(bytes, StandardCharsets.UTF_8) + " ");
        int[] start = text == null ? null : times.yearless(text);
        return start != null && 31 * day[0] + day[1] < 31 * start[0] + start[1] - WEEK ? 1 : 0;
    }
}
