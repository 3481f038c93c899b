package flinkabnormal;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.flink.api.java.tuple.Tuple7;
import org.apache.flink.connector.file.src.reader.BulkFormat;
import org.apache.flink.connector.file.src.util.CheckpointedPosition;
import org.apache.flink.connector.file.src.util.RecordAndPosition;

/** Reads one file: a record per line, and at most one for a read error. */
final class FileReader implements BulkFormat.Reader {
    private static final int BATCH_BYTES = 64 * 1024;
    private static final int BATCH_LINES = 1000;
    private static final byte[] NOTHING = new byte[0];

    private final String name;
    private final Lines lines;
    private final SyslogContext context;
    private long number;
    private long skip;
    private InputStream in;
    private boolean ended;

    /** @param skip the number of lines read before, or LineFormat.ENDED */
    FileReader(String name, Lines lines, SyslogContext context, long skip) {
        this.name = name;
        this.lines = lines;
        this.context = context;
        this.skip = skip;
        this.ended = skip == LineFormat.ENDED;
    }

    /** Returns a batch of records, or null at the end. */
    public BulkFormat.RecordIterator readBatch() {
        List records = new ArrayList();
        long bytes = 0;
        while (!ended && records.size() < BATCH_LINES && bytes < BATCH_BYTES) {
            RecordAndPosition record = next();
            if (record != null) {
                records.add(record);
                bytes += lines.size();
            }
        }
        return records.isEmpty() ? null : new Batch(records.iterator());
    }

    /** Reads a line; returns null at the end, or for a line that was read before. */
    private RecordAndPosition next() {
        try {
            if (in == null) {
                in = InputFile.open(name);
                lines.read(in);
            }
            if (!lines.next()) {
                ended = true;
                return null;
            }
        } catch (IOException error) {
            ended = true;
            number = Math.max(number, skip);
            return record(lines.line(), Problem.sentence(error, number), LineFormat.ENDED);
        }
        number++;
        byte[] line = lines.line();
        if (context != null) context.read(line, lines.size());
        if (number <= skip) return null;
        return record(line, lines.problem(), CheckpointedPosition.NO_OFFSET);
    }

    private RecordAndPosition record(byte[] line, String problem, long offset) {
        byte[] before = context == null ? NOTHING : context.before();
        byte[] first = context == null ? NOTHING : context.first();
        Object record = new Tuple7(
            line, name, Long.valueOf(number), problem, before, first, Long.valueOf(lines.size()));
        return new RecordAndPosition(record, offset, number);
    }

    public void close() throws IOException {
        if (in != null) in.close();
    }

    private static final class Batch implements BulkFormat.RecordIterator {
        private final Iterator records;

        Batch(Iterator records) {
            this.records = records;
        }

        public RecordAndPosition next() {
            return records.hasNext() ? (RecordAndPosition) records.next() : null;
        }

        public void releaseBatch() {}
    }
}
