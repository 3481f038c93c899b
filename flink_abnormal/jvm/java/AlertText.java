package flinkabnormal;

import java.io.Serializable;
import org.apache.flink.api.java.tuple.Tuple5;

/** What is written of an alert: the twin of `Alert` in core/model.py. */
public final class AlertText implements Serializable {
    private static final String HEX = "0123456789abcdef";

    private final String before;
    private final String between;
    private final String after;

    /** @param before what an alert says before the user; `between` user and count, and `after` it */
    public AlertText(String before, String between, String after) {
        this.before = before;
        this.between = between;
        this.after = after;
    }

    public String json(Tuple5 alert) {
        StringBuilder json = new StringBuilder(256);
        json.append("{\"alertId\":\"").append(alert.f0).append("\",\"userId\":");
        Json.text(json, (String) alert.f1);
        json.append(",\"count\":").append(alert.f2).append(",\"threshold\":").append(alert.f3);
        json.append(",\"timestamp\":");
        if (((Number) alert.f4).longValue() == RecordTime.NONE) json.append("null");
        else json.append(alert.f4);
        json.append(",\"message\":");
        Json.text(json, message(alert));
        return json.append('}').toString();
    }

    /** The message as one line: control characters are escaped, so that a userId can't forge a line. */
    public String line(Tuple5 alert) {
        String message = message(alert);
        StringBuilder line = new StringBuilder(message.length());
        for (int i = 0; i < message.length(); i++) {
            char each = message.charAt(i);
            if (breaksLines(each)) escape(line, each);
            else line.append(each);
        }
        return line.toString();
    }

    private String message(Tuple5 alert) {
        return before + alert.f1 + between + alert.f2 + after;
    }

    private static boolean breaksLines(char each) {
        return each < ' ' || each >= 0x7f && each < 0xa0 || each == 0x2028 || each == 0x2029;
    }

    private static void escape(StringBuilder line, char each) {
        line.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) line.append(HEX.charAt(each >> shift & 15));
    }
}
