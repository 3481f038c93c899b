package flinkabnormal;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.flink.api.java.tuple.Tuple;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.api.java.tuple.Tuple7;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.OutputTag;

/**
 * The parse step: the twin of pipeline/parse.py, which gets each line alone. Refused records, and the first skipped
 * one, go to a side output, where Python parses them again and says why they are unusable. Figures are summed here, and
 * emitted before each checkpoint.
 */
public final class ParseRecords extends AbstractStreamOperator implements OneInputStreamOperator {
    private static final int LINES_A_COUNT = 256;
    private static final int LINE = 0;
    private static final int FILE = 1;
    private static final int NUMBER = 2;
    private static final int PROBLEM = 3;
    private static final int BEFORE = 4;
    private static final int FIRST = 5;
    private static final int SIZE = 6;
    private static final int TOPIC = 2;
    private static final int MESSAGE_TIME = 5;

    private final LineParser parser;
    private final boolean ofMessages;
    private final boolean blocks;
    private final boolean timeOfMessage;
    private final boolean placed;
    private final long earliestMs;
    private final long aheadMs;
    private final OutputTag refused;
    private final OutputTag figures;
    private final String bytesRead;

    private transient Tally tally;
    private transient StreamRecord event;
    private transient Counter bytesCounter;
    private transient Counter recordsCounter;
    private transient long abnormal;
    private transient long normal;
    private transient long skipped;
    private transient long repeated;
    private transient long lines;
    private transient long bytes;
    private transient boolean sampled;

    /**
     * @param ofMessages whether records are messages (KafkaRecords), not lines (FileReader)
     * @param blocks whether a record is many lines, joined by LF
     * @param timeOfMessage whether an event's time is its message's
     * @param placed whether events need a possible time, and are given with their file or partition and place in it
     * @param earliestMs times before it are impossible; so are those `aheadMs` after now
     * @param refused side output of records; `figures` of (what, how many), or null to count nothing
     * @param bytesRead the name of a metric
     */
    public ParseRecords(
        LineParser parser, Boolean ofMessages, Boolean blocks, Boolean timeOfMessage, Boolean placed, Number earliestMs,
        Number aheadMs, OutputTag refused, OutputTag figures, String bytesRead
    ) {
        this.parser = parser;
        this.ofMessages = ofMessages.booleanValue();
        this.blocks = blocks.booleanValue();
        this.timeOfMessage = timeOfMessage.booleanValue();
        this.placed = placed.booleanValue();
        this.earliestMs = earliestMs.longValue();
        this.aheadMs = aheadMs.longValue();
        this.refused = refused;
        this.figures = figures;
        this.bytesRead = bytesRead;
    }

    public void open() throws Exception {
        super.open();
        tally = new Tally();
        event = new StreamRecord(null);
        bytesCounter = getMetricGroup().counter(bytesRead);
        recordsCounter = getMetricGroup().getIOMetricGroup().getNumRecordsInCounter();
        parser.open(tally);
    }

    public void processElement(StreamRecord input) {
        Tuple record = (Tuple) input.getValue();
        byte[] bytes = (byte[]) record.getField(LINE);
        measure(bytes, record);
        if (!ofMessages && !((String) record.getField(PROBLEM)).isEmpty()) {
            output.collect(refused, input);
        } else if (blocks) {
            parseLines(input, record, bytes);
        } else if (!parsed(input, record, bytes, 0, bytes.length)) {
            output.collect(refused, input);
        }
    }

    private void parseLines(StreamRecord input, Tuple record, byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1); // is searched many bytes at a time
        int before = 0;
        for (int from = 0; from <= bytes.length; before++) {
            int found = text.indexOf('\n', from);
            int to = found < 0 ? bytes.length : found;
            boolean done = parsed(input, record, bytes, from, to);
            if (!done) output.collect(refused, alone(record, before, bytes, from, to));
            from = to + 1;
        }
        recordsCounter.inc(before - 1); // a line is a record, also to those who watch
        lines += before - 1;
    }

    private static StreamRecord alone(Tuple record, int before, byte[] bytes, int from, int to) {
        Long number = Long.valueOf(((Long) record.getField(NUMBER)).longValue() + before);
        return new StreamRecord(new Tuple7(
            Arrays.copyOfRange(bytes, from, to), record.getField(FILE), number, record.getField(PROBLEM),
            record.getField(BEFORE), record.getField(FIRST), Long.valueOf(to - from)));
    }

    /** Emits the event of a line, or counts it as skipped; returns false if Python has to parse it. */
    private boolean parsed(StreamRecord input, Tuple record, byte[] bytes, int from, int to) {
        int outcome = parser.parse(record, bytes, from, to);
        if (outcome == LineParser.EVENT) {
            if (timeOfMessage) parser.time = ((Long) record.getField(MESSAGE_TIME)).longValue();
            if (placed && !isPossible(parser.time)) return false;
            emit(record, input);
            return true;
        }
        if (outcome == LineParser.REFUSED) return false;
        if (!sampled && figures != null && JsonFields.start(bytes, from, to) < to) {
            sampled = true;
            return false;
        }
        skipped++;
        return true;
    }

    private void emit(Tuple record, StreamRecord input) {
        if (parser.kind == LineParser.ABNORMAL) abnormal += parser.times;
        else normal += parser.times;
        repeated += parser.times - 1;
        Long times = Long.valueOf(parser.times);
        Long time = Long.valueOf(parser.time);
        Object given;
        if (!placed) {
            given = new Tuple5(parser.user, parser.kind, times, time, parser.id);
        } else if (ofMessages) {
            String partition = record.getField(TOPIC) + "/" + record.getField(TOPIC + 1);
            given = new Tuple7(parser.user, parser.kind, times, time, parser.id, partition, record.getField(TOPIC + 2));
        } else {
            Object file = record.getField(FILE);
            given = new Tuple7(parser.user, parser.kind, times, time, parser.id, file, record.getField(NUMBER));
        }
        event.replace(given);
        if (input.hasTimestamp()) event.setTimestamp(input.getTimestamp());
        else event.eraseTimestamp();
        output.collect(event);
    }

    private boolean isPossible(long time) {
        return time >= earliestMs && time <= System.currentTimeMillis() + aheadMs;
    }

    /** Counts bytes; the metric is updated rarely. */
    private void measure(byte[] line, Tuple record) {
        long size = ofMessages ? 0L : ((Long) record.getField(SIZE)).longValue();
        bytes += (size == 0L ? line.length : size) + 1;
        if (++lines >= LINES_A_COUNT) {
            bytesCounter.inc(bytes);
            bytes = 0;
            lines = 0;
        }
    }

    public void prepareSnapshotPreBarrier(long checkpoint) {
        emitFigures();
    }

    /** The last watermark ends the sums downstream, and what comes behind it is lost: finish() is too late. */
    public void processWatermark(Watermark watermark) throws Exception {
        if (watermark.equals(Watermark.MAX_WATERMARK)) emitFigures();
        super.processWatermark(watermark);
    }

    private void emitFigures() {
        if (figures == null) return;
        add(LineParser.ABNORMAL, abnormal);
        add(LineParser.NORMAL, normal);
        add("skipped", skipped);
        add("repeated", repeated);
        abnormal = 0;
        normal = 0;
        skipped = 0;
        repeated = 0;
        tally.emit(figures, output);
    }

    private void add(String what, long number) {
        if (number > 0) tally.add(what, number);
    }
}
