package flinkabnormal;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.api.java.tuple.Tuple;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectReader;

/**
 * JSON Lines: the twin of formats/jsonl.py. A plain line is read in place (QuickJson), any other by Jackson; both give
 * the same.
 */
public final class JsonLines extends LineParser {
    private static final int LONGEST_USER = 1024;
    private static final Pattern POINT_ZERO = Pattern.compile("(-?(?:0|[1-9][0-9]*))\\.0+");
    private static final String MATCHED = "matched ";
    private static final String UNREAD_TIMES = "unread-times";

    private final String[] users;
    private final String abnormal;
    private final String timestamp;
    private final HashMap kinds;
    private final String other;
    private final Times timeReader;
    private final int longest;
    private final boolean quick;
    private final boolean ofMessages;

    private transient JsonFields[] userFields;
    private transient JsonFields abnormalField;
    private transient JsonFields timestampField;
    private transient ObjectReader json;
    private transient QuickJson plain;
    private transient Digest digest;
    private transient Set unmatched;
    private transient Tally tally;

    /**
     * @param users fields that together name the user
     * @param kinds kind by value of the field `abnormal`; if empty, it must be a boolean
     * @param other the kind of all other values, or null: no event
     * @param longest lines above so many bytes are refused
     * @param quick whether plain lines are read in place
     * @param ofMessages whether records are messages, which have fields such as @key
     */
    public JsonLines(
        List users, String abnormal, String timestamp, Map kinds, String other, Times times, Integer longest,
        Boolean quick, Boolean ofMessages
    ) {
        this.users = new String[users.size()];
        for (int i = 0; i < this.users.length; i++) this.users[i] = (String) users.get(i);
        this.abnormal = abnormal;
        this.timestamp = timestamp;
        this.kinds = new HashMap(kinds);
        this.other = other;
        this.timeReader = times;
        this.longest = longest.intValue();
        this.quick = quick.booleanValue();
        this.ofMessages = ofMessages.booleanValue();
    }

    public void open(Tally tally) {
        this.tally = tally;
        userFields = new JsonFields[users.length];
        boolean usersInJson = true;
        for (int i = 0; i < users.length; i++) {
            userFields[i] = new JsonFields(users[i]);
            usersInJson &= !(ofMessages && MessageFields.has(users[i]));
        }
        abnormalField = new JsonFields(abnormal);
        timestampField = new JsonFields(timestamp);
        json = JsonFields.reader();
        digest = new Digest();
        unmatched = new HashSet(kinds.keySet());
        String[] fields = {users[0], abnormal, timestamp};
        boolean readable = users.length == 1 && usersInJson;
        for (int i = 0; i < fields.length; i++) readable &= QuickJson.canRead(fields[i]);
        boolean distinct = !users[0].equals(abnormal) && !users[0].equals(timestamp) && !abnormal.equals(timestamp);
        if (quick && readable && distinct) plain = new QuickJson(fields);
        times = 1;
    }

    public int parse(Tuple record, byte[] line, int first, int last) {
        if (last - first > longest) return REFUSED;
        int from = JsonFields.start(line, first, last);
        int to = JsonFields.end(line, from, last);
        if (from == to) return SKIPPED;
        if (plain != null && plain.read(line, from, to) && readPlain(line)) return end(line, from, to);
        JsonNode object = JsonFields.object(json, line, from, to);
        return object == null ? REFUSED : read(object, record, line, from, to);
    }

    private int end(byte[] line, int from, int to) {
        if (kind == null) return SKIPPED;
        id = kind == ABNORMAL ? digest.of(line, from, to) : "";
        return EVENT;
    }

    /** Takes the fields of a plain line; returns false if one of them is not that plain. */
    private boolean readPlain(byte[] line) {
        if (plain.kinds[0] != QuickJson.TEXT) return false;
        int length = plain.ends[0] - plain.starts[0];
        if (length == 0 || length > LONGEST_USER) return false;
        int type = plain.kinds[1];
        if (kinds.isEmpty()) {
            if (type != QuickJson.TRUE && type != QuickJson.FALSE) return false;
            kind = type == QuickJson.TRUE ? ABNORMAL : NORMAL;
        } else if (type == QuickJson.TEXT && !isNumberLike(line, plain.starts[1], plain.ends[1])
            || type == QuickJson.WHOLE || type == QuickJson.TRUE || type == QuickJson.FALSE) {
            kind = kindOf(ascii(line, plain.starts[1], plain.ends[1]));
            if (kind == null) return true;
        } else {
            return false;
        }
        user = ascii(line, plain.starts[0], length + plain.starts[0]);
        time = RecordTime.NONE;
        type = plain.kinds[2];
        if (type == QuickJson.MISSING || type == QuickJson.NULL) return true;
        if (type == QuickJson.WHOLE) {
            time = ofWhole(plain.whole(2));
            return time != RecordTime.NONE;
        }
        if (type != QuickJson.TEXT) return false;
        time = ofText(line, plain.starts[2], plain.ends[2]);
        if (time == RecordTime.NONE) time = timeReader.ofText(ascii(line, plain.starts[2], plain.ends[2]), 0);
        if (time == RecordTime.NONE) tally.add(UNREAD_TIMES, 1L);
        return true;
    }

    private static boolean isNumberLike(byte[] line, int from, int to) {
        return from < to && (line[from] == '-' || line[from] >= '0' && line[from] <= '9');
    }

    /** A whole number's time, of seconds and milliseconds only. */
    private static long ofWhole(long value) {
        return value < 100000000000L ? 1000 * value : value < 100000000000000L ? value : RecordTime.NONE;
    }

    /** The time of a text such as 2026-12-31T23:59:59.999Z, in seconds or milliseconds. */
    private static long ofText(byte[] text, int from, int to) {
        int length = to - from;
        if (length != 20 && length != 24 || text[to - 1] != 'Z' || text[from + 10] != 'T') return RecordTime.NONE;
        if (text[from + 4] != '-' || text[from + 7] != '-') return RecordTime.NONE;
        if (text[from + 13] != ':' || text[from + 16] != ':') return RecordTime.NONE;
        if (length == 24 && text[from + 19] != '.') return RecordTime.NONE;
        int year = digits(text, from, 4);
        int hour = digits(text, from + 11, 2);
        int minute = digits(text, from + 14, 2);
        int second = digits(text, from + 17, 2);
        int fraction = length == 24 ? digits(text, from + 20, 3) : 0;
        int month = digits(text, from + 5, 2);
        int day = digits(text, from + 8, 2);
        if ((year | hour | minute | second | fraction | month | day) < 0) return RecordTime.NONE;
        if (year == 0 || hour > 23 || minute > 59 || second > 59) return RecordTime.NONE;
        try {
            long days = LocalDate.of(year, month, day).toEpochDay();
            return ((days * 24 + hour) * 60 + minute) * 60000L + second * 1000L + fraction;
        } catch (DateTimeException error) {
            return RecordTime.NONE;
        }
    }

    /** Returns a number of so many digits, or a negative one if there is anything else. */
    private static int digits(byte[] text, int from, int count) {
        int value = 0;
        for (int i = from; i < from + count; i++) {
            int digit = text[i] - '0';
            if (digit < 0 || digit > 9) return -1;
            value = 10 * value + digit;
        }
        return value;
    }

    private int read(JsonNode object, Tuple record, byte[] line, int from, int to) {
        JsonNode value = abnormalField.find(object);
        if (kinds.isEmpty()) {
            if (value == null || !value.isBoolean()) return REFUSED;
            kind = value.booleanValue() ? ABNORMAL : NORMAL;
        } else {
            String text = valueText(value);
            if (text == null) return REFUSED;
            kind = kindOf(text);
            if (kind == null) return SKIPPED;
        }
        user = userOf(object, record);
        if (user == null || user.isEmpty() || user.codePointCount(0, user.length()) > LONGEST_USER) return REFUSED;
        JsonNode when = timestampField.find(object);
        time = when == null || when.isNull() ? RecordTime.NONE : timeReader.of(when);
        if (time == RecordTime.NONE && when != null && !when.isNull()) tally.add(UNREAD_TIMES, 1L);
        return end(line, from, to);
    }

    private String kindOf(String text) {
        if (!unmatched.isEmpty() && unmatched.remove(text)) tally.add(MATCHED + text, 1L);
        String found = (String) kinds.get(text);
        if (found == null) found = other;
        return found == null ? null : found.equals(ABNORMAL) ? ABNORMAL : NORMAL;
    }

    private String userOf(JsonNode object, Tuple record) {
        if (users.length == 1) return userPart(0, object, record);
        StringBuilder joined = new StringBuilder();
        for (int i = 0; i < users.length; i++) {
            String part = userPart(i, object, record);
            if (part == null || part.isEmpty()) return null;
            if (i > 0) joined.append('|');
            joined.append(part.replace("\\", "\\\\").replace("|", "\\|"));
        }
        return joined.toString();
    }

    private String userPart(int place, JsonNode object, Tuple record) {
        if (ofMessages && MessageFields.has(users[place])) return MessageFields.text(json, record, users[place]);
        JsonNode value = userFields[place].find(object);
        if (value == null) return null;
        if (value.isTextual()) return value.textValue();
        return value.isNumber() ? wholeText(value) : null;
    }

    /** Returns a value as in an option: 1, 1.0 and "1" are `1`; null if it has no such form. */
    private static String valueText(JsonNode value) {
        if (value == null) return null;
        if (value.isBoolean()) return value.booleanValue() ? "true" : "false";
        if (value.isTextual()) {
            Matcher number = POINT_ZERO.matcher(value.textValue());
            return number.matches() ? number.group(1) : value.textValue();
        }
        if (!value.isNumber()) return null;
        String whole = wholeText(value);
        return whole == null ? shortest(value.doubleValue()) : whole;
    }

    /** Returns a whole number's digits, or null for any other: those beyond 64 bits are doubles, as for orjson. */
    private static String wholeText(JsonNode value) {
        if (value.isIntegralNumber()) {
            BigInteger whole = value.bigIntegerValue();
            if (whole.bitLength() <= (whole.signum() < 0 ? 63 : 64)) return whole.toString();
        }
        double number = value.doubleValue();
        boolean exact = number == Math.rint(number) && Math.abs(number) < 9007199254740992.0;
        return exact ? Long.toString((long) number) : null;
    }

    /** Returns a double as Python's repr writes it: the shortest digits that give the same number. */
    private static String shortest(double number) {
        BigDecimal exact = new BigDecimal(number);
        BigDecimal rounded = exact;
        for (int digits = 1; digits <= 17; digits++) {
            rounded = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            if (rounded.doubleValue() == number) break;
        }
        rounded = rounded.stripTrailingZeros();
        String digits = rounded.unscaledValue().abs().toString();
        int exponent = digits.length() - 1 - rounded.scale();
        if (exponent >= -4 && exponent < 16) {
            String text = rounded.toPlainString();
            return text.indexOf('.') < 0 ? text + ".0" : text;
        }
        String sign = number < 0 ? "-" : "";
        String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        String power = (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
        return sign + digits.charAt(0) + fraction + "e" + (exponent < 0 ? "-" : "+") + power;
    }

    private static String ascii(byte[] line, int from, int to) {
        return new String(line, from, to - from, StandardCharsets.ISO_8859_1);
    }
}
