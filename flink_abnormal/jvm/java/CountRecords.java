package flinkabnormal;

import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/** Emits (what, how many) of the records that came, before each checkpoint and at the end, as ParseRecords does. */
public final class CountRecords extends AbstractStreamOperator implements OneInputStreamOperator {
    private final String what;
    private transient long number;

    public CountRecords(String what) {
        this.what = what;
    }

    public void processElement(StreamRecord record) {
        number++;
    }

    public void prepareSnapshotPreBarrier(long checkpoint) {
        emit();
    }

    /** The last watermark ends the sums downstream, and what comes behind it is lost: finish() is too late. */
    public void processWatermark(Watermark watermark) throws Exception {
        if (watermark.equals(Watermark.MAX_WATERMARK)) emit();
        super.processWatermark(watermark);
    }

    private void emit() {
        if (number > 0) output.collect(new StreamRecord(new Tuple2(what, Long.valueOf(number))));
        number = 0;
    }
}
