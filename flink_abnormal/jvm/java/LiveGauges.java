package flinkabnormal;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichFlatMapFunction;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.util.Collector;

/**
 * Publishes JSON documents as metrics of its subtask, arrays of a fixed size: a record names the metric, the place in
 * it, and the new document.
 */
public class LiveGauges extends RichFlatMapFunction {
    private final String[] names;
    private final int[] sizes;
    private transient AtomicReferenceArray[] shown;

    public LiveGauges(String[] names, int[] sizes) {
        this.names = names;
        this.sizes = sizes;
    }

    public void open(OpenContext context) {
        shown = new AtomicReferenceArray[names.length];
        for (int i = 0; i < names.length; i++) {
            shown[i] = new AtomicReferenceArray(sizes[i]);
            getRuntimeContext().getMetricGroup().gauge(names[i], new Text(shown[i]));
        }
    }

    public void flatMap(Object value, Collector out) {
        Tuple3 record = (Tuple3) value;
        int metric = ((Number) record.f0).intValue();
        shown[metric].set(((Number) record.f1).intValue(), record.f2);
    }

    /** The text of an array, which is valid JSON if its elements are. */
    public static class Text implements Gauge {
        private final AtomicReferenceArray array;

        Text(AtomicReferenceArray array) {
            this.array = array;
        }

        public Object getValue() {
            return array.toString();
        }
    }
}
