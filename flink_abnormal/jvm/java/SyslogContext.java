package flinkabnormal;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the earlier line that a syslog line refers to, by its text; the Python parser interprets both. A resumed reader
 * reads its file from the start, which rebuilds this state.
 */
final class SyslogContext {
    private static final int LOOK_BACK = 1000;
    private static final int LONGEST = 8 * 1024;
    private static final byte[] NOTHING = new byte[0];
    private static final Pattern REPETITION = Pattern.compile("last message (repeated|')", Pattern.CASE_INSENSITIVE);
    private static final Pattern TIME = Pattern.compile("\\d\\d:\\d\\d:\\d\\d");
    private static final Pattern DATE =
        Pattern.compile("(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\\.? +\\d{1,2} ");
    private static final int DATE_BYTES = 64;
    private static final String PAM = "PAM: ";
    private static final String FAILED = "Failed keyboard-interactive/pam for ";

    private final boolean dated;
    private final ArrayDeque lines = new ArrayDeque();
    private final Map attempts = new Attempts();
    private byte[] before = NOTHING;
    private byte[] first = NOTHING;

    SyslogContext(boolean dated) {
        this.dated = dated;
    }

    /** The earlier line that the last line read refers to, or nothing. */
    byte[] before() {
        return before;
    }

    /** The start of the file's first line with a date, or nothing before that line. */
    byte[] first() {
        return first;
    }

    void read(byte[] bytes, long size) {
        before = NOTHING;
        if (dated && first.length == 0) findDate(bytes);
        if (size > LONGEST) return;
        String line = new String(bytes, StandardCharsets.ISO_8859_1);
        Matcher repetition = REPETITION.matcher(line);
        if (repetition.find()) {
            before = repeated(line.substring(0, repetition.start()));
            return;
        }
        pair(line);
        if (line.trim().isEmpty()) return;
        if (lines.size() == LOOK_BACK) lines.removeLast();
        lines.addFirst(line);
    }

    private void findDate(byte[] bytes) {
        String start = new String(bytes, 0, Math.min(bytes.length, DATE_BYTES), StandardCharsets.ISO_8859_1);
        if (DATE.matcher(start).find()) first = bytes(start);
    }

    /** The last line of the host named by a repetition; without a host, the last line. */
    private byte[] repeated(String head) {
        String host = host(head);
        for (Iterator each = lines.iterator(); each.hasNext();) {
            String line = (String) each.next();
            if (host.isEmpty() || holds(line, host)) return bytes(line);
        }
        return NOTHING;
    }

    private static String host(String head) {
        String host = "";
        for (String token : head.trim().split("\\s+")) {
            boolean program = token.contains("sshd") || token.contains("syslogd");
            if (!program && !token.replace("-", "").isEmpty()) host = token;
        }
        return TIME.matcher(host).find() ? "" : withoutColon(host);
    }

    private static boolean holds(String line, String token) {
        if (!line.contains(token)) return false;
        for (String each : line.split("\\s+")) {
            if (withoutColon(each).equals(token)) return true;
        }
        return false;
    }

    private static String withoutColon(String token) {
        return token.endsWith(":") ? token.substring(0, token.length() - 1) : token;
    }

    /** sshd reports one attempt through PAM in two lines: stores each for the other. */
    private void pair(String line) {
        int pam = line.indexOf(PAM);
        int failed = line.indexOf(FAILED);
        if (pam < 0 && failed < 0) return;
        String process = process(line.substring(0, pam < 0 ? failed : failed < 0 ? pam : Math.min(pam, failed)));
        if (failed >= 0 && attempts.containsKey(process)) before = bytes((String) attempts.get(process));
        attempts.remove(process);
        attempts.put(process, line);
    }

    /** Host, name and pid of the process that wrote a line, as in its header. */
    private static String process(String header) {
        String[] tokens = header.trim().split("\\s+");
        for (int i = 0; i < tokens.length; i++) {
            if (tokens[i].contains("sshd")) {
                String host = i > 0 ? tokens[i - 1] + " " : "";
                String pid = !tokens[i].contains("[") && i + 1 < tokens.length ? " " + tokens[i + 1] : "";
                return host + tokens[i] + pid;
            }
        }
        return "";
    }

    private static byte[] bytes(String line) {
        return line.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** The lines of at most LOOK_BACK processes, oldest evicted first. */
    private static final class Attempts extends LinkedHashMap {
        protected boolean removeEldestEntry(Map.Entry eldest) {
            return size() > LOOK_BACK;
        }
    }
}
