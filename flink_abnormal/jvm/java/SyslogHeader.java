package flinkabnormal;

import java.io.Serializable;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The header of a syslog line, if sshd may have written it: the twin of `header` in formats/syslog.py. */
public final class SyslogHeader implements Serializable {
    private static final int USUAL = 0;
    private static final int RFC5424 = 1;
    private static final int TAGGED = 2;
    private static final int ANY_WORDS = 3;
    private static final int BARE = 4;
    private static final int PROGRAM = 5;

    /** The text of the time, or empty. */
    transient String time;
    /** Whether something marks the message as sshd's. */
    transient boolean tagged;
    /** Where the message starts. */
    transient int end;
    private final String[] texts;
    private transient Matcher[] matchers;

    /** @param patterns those of formats/syslog.py, in the order of the places above */
    public SyslogHeader(List patterns) {
        texts = new String[patterns.size()];
        for (int i = 0; i < texts.length; i++) texts[i] = (String) patterns.get(i);
    }

    void open() {
        matchers = new Matcher[texts.length];
        for (int i = 0; i < texts.length; i++) matchers[i] = Pattern.compile(texts[i]).matcher("");
    }

    /** Reads the header of a line; returns false if another program wrote it. */
    boolean read(String line) {
        if (starts(USUAL, line)) return found(USUAL, true);
        if (starts(RFC5424, line)) {
            String program = matchers[RFC5424].group("program");
            boolean ofSshd = matchers[PROGRAM].reset(program).matches();
            if (!ofSshd && !program.equals("-") && !program.equals("syslogd")) return false;
            found(RFC5424, ofSshd);
            if (time.equals("-")) time = "";
            return true;
        }
        if (starts(TAGGED, line)) return found(TAGGED, true);
        if (starts(ANY_WORDS, line)) return found(ANY_WORDS, false);
        return starts(BARE, line) && found(BARE, false);
    }

    private boolean starts(int place, String line) {
        return matchers[place].reset(line).lookingAt();
    }

    private boolean found(int place, boolean ofSshd) {
        String text = matchers[place].group("time");
        time = text == null ? "" : text;
        tagged = ofSshd;
        end = matchers[place].end();
        return true;
    }
}
