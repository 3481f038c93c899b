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
 * <p>A partition that gives no record for `idleMs` is idle and holds nothing back; a file never is, since each is read to
 * its end. With Flink's own idleness the last
 * records would wait for later ones for ever; here a subtask whose splits have all been silent for that long brings
 * event time up to the latest record it has seen. A time too far in the future, or too long ago, moves no watermark: the
 * parse step makes its record a dead letter.
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
    /** The generator of a subtask's main output, which is there before its splits are and emits after them. */
    private transient Generator main;

    /**
     * @param outOfOrderMs how far a record may be behind the latest; negative: no watermark before the end
     * @param files whether splits are files
     */
    public EventTime(RecordTime time, Number outOfOrderMs, Number idleMs, Boolean files, Number aheadMs, Number earliestMs) {
        this.time = time;
        this.outOfOrderMs = outOfOrderMs.longValue();
        this.idleMs = idleMs.longValue();
        this.files = files.booleanValue();
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
        if (main == null) main = made;
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
            boolean usable = timestamp >= earliestMs && timestamp <= System.currentTimeMillis() + aheadMs;
            seen(usable ? timestamp : RecordTime.NONE);
            if (this != main) main.seen(usable ? timestamp : RecordTime.NONE);
            if (emitted == RecordTime.NONE || latest - outOfOrderMs - 1 - emitted >= Math.max(STEP_MS, outOfOrderMs)) emit(output);
        }

        void seen(long timestamp) {
            idle = false;
            lastNanos = clock.relativeTimeNanos();
            latest = Math.max(latest, timestamp);
        }

        public void onPeriodicEmit(WatermarkOutput output) {
            if (outOfOrderMs < 0 || idle) return;
            boolean silent = clock.relativeTimeNanos() - lastNanos >= idleMs * 1000000L;
            if (this != main && (files || !silent)) emit(output);
            if (!silent || files && this != main) return;
            idle = true;
            if (this == main && latest != RecordTime.NONE) output.emitWatermark(new Watermark(latest));
            output.markIdle();
        }

        private void emit(WatermarkOutput output) {
            if (outOfOrderMs < 0 || latest == RecordTime.NONE) return;
            emitted = latest - outOfOrderMs - 1;
            output.emitWatermark(new Watermark(emitted));
        }
    }
}
