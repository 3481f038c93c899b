package flinkabnormal;

import org.apache.flink.api.common.eventtime.TimestampAssigner;
import org.apache.flink.api.common.eventtime.TimestampAssignerSupplier;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkGeneratorSupplier;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.java.tuple.Tuple;
import org.apache.flink.util.clock.RelativeClock;

/**
 * Times and watermarks of records; Flink makes one generator per split (partition, file), and takes their minimum.
 *
 * <p>A partition that gives no record for `idleMs` is idle and holds nothing back; a file never is, since each is read
 * to its end. With Flink's own idleness the last records would wait for later ones for ever; here a subtask whose
 * splits have all been silent for that long brings event time up to the latest record it has seen. A time too far in the
 * future, or too long ago, moves no watermark: the parse step makes its record a dead letter.
 */
public final class EventTime implements WatermarkStrategy {
    /** A watermark for each event would double the traffic. */
    private static final long STEP_MS = 1000L;

    private final RecordTime time;
    private final long outOfOrderMs;
    private final long idleMs;
    private final boolean files;
    private final long aheadMs;
    private final long earliestMs;
    private final boolean followed;
    /** The generator of a subtask's main output, which is there before its splits are and emits after them. */
    private transient Generator main;
    /** When the last record came whose silence has been noticed. */
    private transient long decidedNanos;

    /**
     * @param outOfOrderMs how far a record may be behind the latest; negative: no watermark before the end
     * @param files whether splits are files; `followed` whether more files may come
     */
    public EventTime(
        RecordTime time,
        Number outOfOrderMs,
        Number idleMs,
        Boolean files,
        Boolean followed,
        Number aheadMs,
        Number earliestMs
    ) {
        this.time = time;
        this.outOfOrderMs = outOfOrderMs.longValue();
        this.idleMs = idleMs.longValue();
        this.files = files.booleanValue();
        this.followed = followed.booleanValue();
        this.aheadMs = aheadMs.longValue();
        this.earliestMs = earliestMs.longValue();
    }

    public TimestampAssigner createTimestampAssigner(TimestampAssignerSupplier.Context context) {
        final RecordTime reader = time;
        return new TimestampAssigner() {
            public long extractTimestamp(Object record, long ofSource) {
                return reader.of((Tuple) record);
            }
        };
    }

    public WatermarkGenerator createWatermarkGenerator(WatermarkGeneratorSupplier.Context context) {
        Generator made = new Generator(context.getInputActivityClock());
        if (main == null) {
            main = made;
            main.idle = followed; // until its first turn: before, no split may emit
        }
        main.seen(RecordTime.NONE); // a new split may have records
        return made;
    }

    private final class Generator implements WatermarkGenerator {
        private final RelativeClock clock; // stands still under backpressure
        private long latest = RecordTime.NONE;
        private long emitted = RecordTime.NONE;
        private long lastNanos;
        private boolean idle;

        Generator(RelativeClock clock) {
            this.clock = clock;
            this.lastNanos = clock.relativeTimeNanos();
        }

        public void onEvent(Object record, long timestamp, WatermarkOutput output) {
            if (idle) output.markActive();
            idle = false;
            boolean usable = timestamp >= earliestMs && timestamp <= System.currentTimeMillis() + aheadMs;
            seen(usable ? timestamp : RecordTime.NONE);
            if (this != main) main.seen(usable ? timestamp : RecordTime.NONE);
            if (outOfOrderMs < 0 || latest == RecordTime.NONE || followed && main.idle) return;
            long step = latest - outOfOrderMs - 1 - emitted;
            if (emitted != RecordTime.NONE && step < Math.max(STEP_MS, outOfOrderMs)) return;
            emit(output);
            // Flink would take a subtask whose last split has ended for active: each is idle between its watermarks,
            // and the main output speaks for all.
            if (followed) output.markIdle();
        }

        void seen(long timestamp) {
            lastNanos = clock.relativeTimeNanos();
            latest = Math.max(latest, timestamp);
        }

        public void onPeriodicEmit(WatermarkOutput output) {
            if (outOfOrderMs < 0) return;
            boolean silent = clock.relativeTimeNanos() - lastNanos >= idleMs * 1000000L;
            if (this == main) speak(silent, output);
            else if (!files && silent && !idle) rest(output);
            else if (!followed && !idle && latest != RecordTime.NONE) emit(output);
        }

        /** The main output's part: active while any split gives records; at the end of that, all are decided. */
        private void speak(boolean silent, WatermarkOutput output) {
            if (!silent && idle && followed) {
                idle = false;
                output.markActive();
            } else if (silent && lastNanos != decidedNanos) {
                decidedNanos = lastNanos;
                if (latest != RecordTime.NONE) output.emitWatermark(new Watermark(latest));
                rest(output);
            }
        }

        private void rest(WatermarkOutput output) {
            idle = true;
            output.markIdle();
        }

        private void emit(WatermarkOutput output) {
            emitted = latest - outOfOrderMs - 1;
            output.emitWatermark(new Watermark(emitted));
        }
    }
}
