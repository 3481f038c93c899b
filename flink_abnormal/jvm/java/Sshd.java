package flinkabnormal;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.api.java.tuple.Tuple;

/** sshd's lines, each a record: the twin of formats/sshd.py, whose patterns it is given. */
public final class Sshd extends LineParser {
    private static final int BEFORE = 4;
    private static final int FIRST = 5;
    private static final int LONGEST_USER = 1024;
    private static final byte[] NOTHING = new byte[0];
    private static final byte[] NAME = {'s', 's', 'h', 'd'};
    private static final String OF_PAM = "keyboard-interactive/pam";
    private static final String UNDERSTOOD = "understood";
    private static final String UNREAD_TIMES = "unread-times";

    private final SyslogHeader header;
    private final HashMap texts;
    private final byte[][] signs;
    private final SshdTime timeReader;
    private final String[] users;
    private final int longest;
    private final long mostRepeats;
    private final boolean ofMessages;

    private transient PlainLogin plain;
    private transient Matcher failed;
    private transient Matcher pam;
    private transient Matcher accepted;
    private transient Matcher repeated;
    private transient Matcher lastRepeated;
    private transient boolean[] firstOfSign;
    private transient Digest digest;
    private transient Tally tally;
    private transient boolean understood;

    /**
     * @param patterns those of formats/sshd.py, by name
     * @param signs one of them is in each line that may be a login
     * @param users parts of a user: name, address
     * @param year that of a file's first line, or 0
     * @param longest lines above so many bytes are refused
     * @param mostRepeats messages repeated more often are refused
     * @param ofMessages whether records are messages, which come without other lines
     */
    public Sshd(
        SyslogHeader header, Map patterns, List signs, Times times, List users, Integer year, Integer longest,
        Number mostRepeats, Boolean ofMessages
    ) {
        this.header = header;
        this.texts = new HashMap(patterns);
        this.signs = new byte[signs.size()][];
        for (int i = 0; i < this.signs.length; i++) {
            this.signs[i] = ((String) signs.get(i)).getBytes(StandardCharsets.US_ASCII);
        }
        this.timeReader = new SshdTime(times, year.intValue(), (String) patterns.get("traditional"));
        this.users = new String[users.size()];
        for (int i = 0; i < this.users.length; i++) this.users[i] = (String) users.get(i);
        this.longest = longest.intValue();
        this.mostRepeats = mostRepeats.longValue();
        this.ofMessages = ofMessages.booleanValue();
    }

    public void open(Tally tally) {
        this.tally = tally;
        header.open();
        timeReader.open(header);
        plain = new PlainLogin();
        failed = matcher("failed");
        pam = matcher("pam");
        accepted = matcher("accepted");
        repeated = matcher("repeated");
        lastRepeated = matcher("last repeated");
        firstOfSign = new boolean[Byte.MAX_VALUE + 1];
        for (byte[] sign : signs) firstOfSign[sign[0]] = true;
        digest = new Digest();
        understood = false;
    }

    private Matcher matcher(String name) {
        return Pattern.compile((String) texts.get(name)).matcher("");
    }

    public int parse(Tuple record, byte[] line, int from, int to) {
        if (line.length > longest) return REFUSED;
        if (isNothing(line)) return SKIPPED;
        return plain.read(line) ? readPlain(line, record) : read(line, record);
    }

    /** Whether the bytes alone show that the line can be skipped, as for most lines. */
    private boolean isNothing(byte[] line) {
        for (int i = 0; i < line.length; i++) {
            if (line[i] < 0 || firstOfSign[line[i]] && isSign(line, i)) return false;
        }
        return understood || !names(line);
    }

    private boolean isSign(byte[] line, int at) {
        for (byte[] sign : signs) {
            if (PlainLogin.isAt(line, at, sign)) return true;
        }
        return false;
    }

    private static boolean names(byte[] line) {
        for (int i = 0; i < line.length; i++) {
            if (PlainLogin.isAt(line, i, NAME)) return true;
        }
        return false;
    }

    private int readPlain(byte[] line, Tuple record) {
        int outcome = take(plain.name, plain.address, ABNORMAL, 1);
        understand();
        return end(outcome, plain.time, line, record);
    }

    private int read(byte[] line, Tuple record) {
        String text = EscapedUtf8.decode(line);
        if (!header.read(text)) return EscapedUtf8.isEscaped(text) ? REFUSED : SKIPPED;
        String when = header.time;
        String message = text.substring(header.end);
        if (EscapedUtf8.isEscaped(message)) return REFUSED;
        if (header.tagged) understand();
        byte[] before = ofMessages ? NOTHING : (byte[]) record.getField(BEFORE);
        int outcome;
        if (lastRepeated.reset(message).matches()) {
            outcome = ofMessages ? REFUSED : repeat(bounded(lastRepeated.group("times")), before);
        } else {
            outcome = login(message, before);
        }
        return end(outcome, when, line, record);
    }

    private int end(int outcome, String when, byte[] line, Tuple record) {
        if (outcome != EVENT) return outcome;
        understand();
        time = timeReader.of(when, ofMessages ? NOTHING : (byte[]) record.getField(FIRST));
        if (timeReader.unread) tally.add(UNREAD_TIMES, 1L);
        id = kind == ABNORMAL ? digest.of(line, 0, line.length) : "";
        return EVENT;
    }

    private void understand() {
        if (!understood) tally.add(UNDERSTOOD, 1L);
        understood = true;
    }

    /** Reads the line before, with its number of repetitions. */
    private int repeat(long repeats, byte[] before) {
        if (before.length == 0 || repeats == 0) return SKIPPED;
        String text = EscapedUtf8.decode(before);
        if (!header.read(text)) return SKIPPED;
        String message = text.substring(header.end);
        if (EscapedUtf8.isEscaped(message)) return REFUSED;
        int outcome = login(message, NOTHING);
        if (outcome == EVENT && repeats > mostRepeats) return REFUSED;
        times = repeats;
        return outcome;
    }

    /** Reads a message: user, kind and times. */
    private int login(String message, byte[] before) {
        long repeats = 1;
        if (repeated.reset(message).matches()) {
            repeats = bounded(repeated.group("times"));
            message = repeated.group("message");
        }
        Matcher login = login(message);
        if (login == null) return SKIPPED;
        if (login == failed && OF_PAM.equals(failed.group("method")) && isCounted(before, failed.group("name"))) {
            repeats--;
        }
        return take(login.group("name"), login.group("address"), login == accepted ? NORMAL : ABNORMAL, repeats);
    }

    private int take(String name, String address, String found, long repeats) {
        if (repeats <= 0) return SKIPPED;
        if (repeats > mostRepeats) return REFUSED;
        user = userOf(name, address);
        kind = found;
        times = repeats;
        return user == null || user.codePointCount(0, user.length()) > LONGEST_USER ? REFUSED : EVENT;
    }

    private Matcher login(String message) {
        if (failed.reset(message).matches()) return failed;
        if (pam.reset(message).matches()) return pam;
        return accepted.reset(message).matches() ? accepted : null;
    }

    /** Returns the parts of the user, or null if one is empty. */
    private String userOf(String name, String address) {
        StringBuilder joined = new StringBuilder();
        for (int i = 0; i < users.length; i++) {
            String part = users[i].equals("name") ? name : address;
            if (part.isEmpty()) return null;
            if (users.length == 1) return part;
            if (i > 0) joined.append('|');
            joined.append(part.replace("\\", "\\\\").replace("|", "\\|"));
        }
        return joined.toString();
    }

    /** Whether `before` is PAM's line about the same attempt, which is an event already. */
    private boolean isCounted(byte[] before, String name) {
        if (before.length == 0) return false;
        String text = EscapedUtf8.decode(before);
        if (!header.read(text)) return false;
        String message = text.substring(header.end);
        if (repeated.reset(message).matches()) message = repeated.group("message");
        return pam.reset(message).matches() && pam.group("name").equals(name);
    }

    /** Returns the number, or just above the limit if it has too many digits. */
    private long bounded(String digits) {
        if (digits.codePointCount(0, digits.length()) > Long.toString(mostRepeats).length()) return mostRepeats + 1;
        long number = 0;
        for (int i = 0; i < digits.length(); i += Character.charCount(digits.codePointAt(i))) {
            number = 10 * number + Character.digit(digits.codePointAt(i), 10);
        }
        return number;
    }
}
