package flinkabnormal;

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
 * The parse step: the twin of pipeline/parse.py. Refused records, and the first skipped one, go to a side output, where
 * Python parses them again and says why they are unusable. Figures are summed here, and emitted before each checkpoint.
 */
public final class ParseRecords extends AbstractStreamOperator implements OneInputStreamOperator {
    private static final int LINES_A_COUNT = 256;
    private static final int LINE = 0;
    private static final int FILE = 1;
    private static final int NUMBER = 2;
    private static final int PROBLEM = 3;
    private static final int SIZE = 6;
    private static final int TOPIC = 2;
    private static final int MESSAGE_TIME = 5;

    private final LineParser parser;
    private final boolean ofMessages;
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
    private transient long abnormal;
    private transient long normal;
    private transient long skipped;
    private transient long repeated;
    private transient long lines;
    private transient long bytes;
    private transient boolean sampled;

    /**
     * @param ofMessages whether records are messages (KafkaRecords), not lines (FileReader)
     * @param timeOfMessage whether an event's time is its message's
     * @param placed whether events need a possible time, and are given with their file or partition and place in it
     * @param earliestMs times before it are impossible; so are those `aheadMs` after now
     * @param refused side output of records; `figures` of (what, how many), or null to count nothing
     * @param bytesRead the name of a metric
     */
    public ParseRecords(
        LineParser parser, Boolean ofMessages, Boolean timeOfMessage, Boolean placed, Number earliestMs, Number aheadMs,
        OutputTag refused, OutputTag figures, String bytesRead
    ) {
        this.parser = parser;
        this.ofMessages = ofMessages.booleanValue();
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
        parser.open(tally);
    }

    public void processElement(StreamRecord input) {
        Tuple record = (Tuple) input.getValue();
        measure(record);
        boolean broken = !ofMessages && !((String) record.getField(PROBLEM)).isEmpty();
        int outcome = broken ? LineParser.REFUSED : parser.parse(record);
        if (outcome == LineParser.EVENT) {
            if (timeOfMessage) parser.time = ((Long) record.getField(MESSAGE_TIME)).longValue();
            if (!placed || isPossible(parser.time)) {
                emit(record, input);
                return;
            }
            outcome = LineParser.REFUSED;
        }
        byte[] line = (byte[]) record.getField(LINE);
        boolean sample = outcome == LineParser.SKIPPED && !sampled && figures != null && !isBlank(line);
        if (outcome == LineParser.SKIPPED && !sample) {
            skipped++;
        } else {
            sampled |= sample;
            output.collect(refused, input);
        }
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

    private static boolean isBlank(byte[] line) {
        return JsonFields.start(line) == line.length;
    }

    /** Counts bytes; the metric is updated rarely. */
    private void measure(Tuple record) {
        long size = ofMessages ? 0L : ((Long) record.getField(SIZE)).longValue();
        bytes += (size == 0L ? ((byte[]) record.getField(LINE)).length : size) + 1;
        if (++lines % LINES_A_COUNT == 0) {
            bytesCounter.inc(bytes);
            bytes = 0;
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
