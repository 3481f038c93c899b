package flinkabnormal;

import java.io.Serializable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.temporal.IsoFields;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;

/**
 * Times in records -> epoch milliseconds: the twin of formats/times.py, whose patterns and tables it is given. What it
 * can't read is RecordTime.NONE.
 */
public final class Times implements Serializable {
    private static final MathContext DIGITS = new MathContext(28, RoundingMode.HALF_EVEN); // as Python's decimals
    private static final BigInteger UNSIGNED_LIMIT = BigInteger.ONE.shiftLeft(64);
    private static final BigInteger SIGNED_LIMIT = BigInteger.ONE.shiftLeft(63);
    private static final long DAY_MS = 86400000L;
    private static final String MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec";

    private final HashMap texts;
    private transient Map patterns;

    /** @param texts the patterns by name, the units of numbers, and zones' offsets in minutes as "zone NAME" */
    public Times(Map texts) {
        this.texts = new HashMap(texts);
    }

    /** Returns the time of a JSON value; null is a missing one. */
    long of(JsonNode value) {
        if (value == null) return RecordTime.NONE;
        if (value.isTextual()) return ofText(value.textValue(), 0);
        if (value.isNumber()) return ofNumber(number(value));
        return value.isObject() && value.has("$date") ? ofExtendedJson((JsonNode) value.get("$date")) : RecordTime.NONE;
    }

    /** Returns the time of a text; `year`, if it is not 0, applies where the text has none. */
    long ofText(String text, int year) {
        try {
            return read(text.strip(), year);
        } catch (DateTimeException error) {
            return RecordTime.NONE;
        } catch (NumberFormatException error) { // digits beyond 16 bits
            return RecordTime.NONE;
        } catch (ArithmeticException error) {
            return RecordTime.NONE;
        } catch (StackOverflowError error) { // Java's patterns recurse
            return RecordTime.NONE;
        }
    }

    /** Returns month and day of a time with a named month and no year, or null for any other text. */
    int[] yearless(String text) {
        Matcher match = matcher("named", text);
        if (!match.lookingAt() || year(match) != null || match.group("day1") == null) return null;
        try {
            return new int[] {month(match.group("month1")), Integer.parseInt(match.group("day1"))};
        } catch (NumberFormatException error) {
            return null;
        }
    }

    private long read(String text, int year) {
        boolean fifthIsDigit = text.length() > 4 && Character.isDigit(text.charAt(4));
        if (!fifthIsDigit) {
            Matcher match = matcher("iso", text);
            if (match.matches()) return ofIso(match);
        }
        if (matcher("number", text).matches() && !matcher("compact", text).matches()) {
            return ofNumber(new BigDecimal(text));
        }
        Matcher match = matcher("dotnet", text);
        if (match.matches()) return Long.parseLong(match.group(1));
        if (text.startsWith("[")) text = text.endsWith("]") ? text.substring(1, text.length() - 1) : text.substring(1);
        text = matcher("trailer", text).replaceAll("");
        match = matcher("iso", text);
        if (match.matches()) return ofIso(match);
        match = matcher("named", text);
        if (match.matches()) return ofNamed(match, year);
        return matcher("week", text).matches() ? ofWeekOrDay(text) : RecordTime.NONE;
    }

    private long ofIso(Matcher match) {
        return of(match, number(match, "year"), number(match, "month"), number(match, "day"), null);
    }

    private long ofNamed(Matcher match, int year) {
        String written = year(match);
        if (written != null) year = Integer.parseInt(written);
        if (written == null && year == 0) return RecordTime.NONE;
        String name = match.group("month1") == null ? match.group("month2") : match.group("month1");
        String day = match.group("day1") == null ? match.group("day2") : match.group("day1");
        return of(match, year, month(name), Integer.parseInt(day), match.group("half"));
    }

    private long of(Matcher match, int year, int month, int day, String half) {
        int hour = number(match, "hour");
        int minute = number(match, "minute");
        int second = number(match, "second");
        if (half != null) {
            if (hour < 1 || hour > 12) return RecordTime.NONE;
            hour = hour % 12 + ("pP".contains(half) ? 12 : 0);
        }
        boolean leap = second == 60 && minute == 59; // the start of the next minute, as in POSIX
        boolean endOfDay = hour == 24 && minute == 0 && second == 0;
        if (!(hour < 24 || endOfDay) || minute > 59 || !(second < 60 || leap)) return RecordTime.NONE;
        Integer offset = offset(match);
        if (offset == null || year == 0) return RecordTime.NONE;
        long days = LocalDate.of(year, month, day).toEpochDay();
        long ofDay = ((hour * 60L + minute - offset.intValue()) * 60L + second) * 1000L;
        return days * DAY_MS + ofDay + fraction(match.group("fraction"));
    }

    private static long fraction(String digits) {
        if (digits == null) return 0L;
        return (long) Math.rint(Integer.parseInt((digits + "00000").substring(0, 6)) / 1000.0);
    }

    private Integer offset(Matcher match) {
        String sign = match.group("sign");
        String named = match.group("named");
        if (sign == null && named == null) return Integer.valueOf(0);
        if (sign == null) return Integer.valueOf((String) texts.get("zone " + named.toUpperCase(Locale.ROOT)));
        int hour = number(match, "zonehour");
        int minute = number(match, "zoneminute");
        if (hour > 23 || minute > 59) return null;
        return Integer.valueOf((hour * 60 + minute) * ("+".equals(sign) ? 1 : -1));
    }

    /** A date by week or by day of the year, as 2026-W05-1 or 2026-032, with or without a time. */
    private long ofWeekOrDay(String text) {
        Matcher parts = Pattern.compile("(\\d{4})(-?)(?:W(\\d\\d)(?:\\2(\\d)(?!\\d)|$)|(\\d{3}))(.*)").matcher(text);
        if (!parts.matches()) return RecordTime.NONE;
        int year = Integer.parseInt(parts.group(1));
        LocalDate date;
        if (parts.group(5) != null) {
            date = LocalDate.ofYearDay(year, Integer.parseInt(parts.group(5)));
        } else {
            int day = parts.group(4) == null ? 1 : Integer.parseInt(parts.group(4));
            LocalDate inYear = LocalDate.of(year, 1, 4);
            date = inYear.with(IsoFields.WEEK_OF_WEEK_BASED_YEAR, Long.parseLong(parts.group(3)));
            date = date.with(java.time.DayOfWeek.of(day));
        }
        Matcher match = matcher("iso", date.toString() + parts.group(6));
        return match.matches() ? ofIso(match) : RecordTime.NONE;
    }

    private long ofExtendedJson(JsonNode value) {
        if (value.isObject()) {
            JsonNode wrapped = (JsonNode) value.get("$numberLong");
            if (wrapped == null) return RecordTime.NONE;
            String digits = wrapped.textValue();
            if (digits != null && digits.matches("-?[0-9]{1,18}")) return Long.parseLong(digits);
            value = wrapped;
        }
        if (value.isIntegralNumber()) {
            return value.canConvertToLong() ? value.longValue() : RecordTime.NONE; // the smallest long is NONE
        }
        return value.isTextual() ? ofText(value.textValue(), 0) : RecordTime.NONE;
    }

    private long ofNumber(BigDecimal value) {
        if (value == null) return RecordTime.NONE;
        for (String unit : ((String) texts.get("units")).split(";")) { // below which number, factor, divisor
            String[] parts = unit.split(" ");
            if (value.abs().compareTo(new BigDecimal(parts[0])) >= 0) continue;
            BigDecimal scaled = "1".equals(parts[2])
                ? value.multiply(new BigDecimal(parts[1]), DIGITS)
                : value.divide(new BigDecimal(parts[2]), DIGITS);
            return scaled.setScale(0, RoundingMode.HALF_EVEN).longValue();
        }
        return RecordTime.NONE;
    }

    /** Returns a number as orjson reads it: a whole one beyond 64 bits as a double. */
    private static BigDecimal number(JsonNode value) {
        if (value.isIntegralNumber()) {
            BigInteger whole = value.bigIntegerValue();
            BigInteger size = whole.abs();
            boolean exact = whole.signum() < 0 ? size.compareTo(SIGNED_LIMIT) <= 0 : size.compareTo(UNSIGNED_LIMIT) < 0;
            return exact ? new BigDecimal(whole) : new BigDecimal(whole.doubleValue());
        }
        double number = value.doubleValue();
        return Double.isInfinite(number) || Double.isNaN(number) ? null : new BigDecimal(number);
    }

    private static int number(Matcher match, String group) {
        String digits = match.group(group);
        return digits == null ? 0 : Integer.parseInt(digits);
    }

    private static String year(Matcher match) {
        for (int i = 0; i < 4; i++) {
            String found = match.group("year" + i);
            if (found != null) return found;
        }
        return null;
    }

    private static int month(String name) {
        return MONTHS.indexOf(name.toLowerCase(Locale.ROOT)) / 3 + 1;
    }

    private Matcher matcher(String name, String text) {
        if (patterns == null) patterns = new HashMap();
        Pattern found = (Pattern) patterns.get(name);
        if (found == null) {
            found = Pattern.compile((String) texts.get(name));
            patterns.put(name, found);
        }
        return found.matcher(text);
    }
}
