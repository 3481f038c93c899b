package flinkabnormal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.flink.api.java.tuple.Tuple7;
import org.apache.flink.connector.file.src.reader.BulkFormat;
import org.apache.flink.connector.file.src.util.CheckpointedPosition;
import org.apache.flink.connector.file.src.util.RecordAndPosition;

/** Reads one file: a record per line or per block of lines, and at most one for a read error. */
final class FileReader implements BulkFormat.Reader {
    private static final int BATCH_BYTES = 64 * 1024;
    private static final int BATCH_LINES = 1000;
    private static final byte[] NOTHING = new byte[0];

    private final String name;
    private final Lines lines;
    private final SyslogContext context;
    private final boolean blocks;
    private final ByteArrayOutputStream block = new ByteArrayOutputStream();
    private long blockFirst;
    private long blockLast;
    private List records;
    private long number;
    private long skip;
    private InputStream in;
    private boolean ended;

    /**
     * @param blocks whether lines come together, joined by LF
     * @param skip the number of lines read before, or LineFormat.ENDED
     */
    FileReader(String name, Lines lines, SyslogContext context, boolean blocks, long skip) {
        this.name = name;
        this.lines = lines;
        this.context = context;
        this.blocks = blocks;
        this.skip = skip;
        this.ended = skip == LineFormat.ENDED;
    }

    /** Returns a batch of records, or null at the end. */
    public BulkFormat.RecordIterator readBatch() {
        records = new ArrayList();
        int count = 0;
        long bytes = 0;
        while (!ended && count < BATCH_LINES && bytes < BATCH_BYTES) {
            if (next()) {
                count++;
                bytes += lines.size();
            }
        }
        endBlock();
        return records.isEmpty() ? null : new Batch(records.iterator());
    }

    /** Reads a line; returns false at the end, or for a line that was read before. */
    private boolean next() {
        try {
            if (in == null) {
                in = InputFile.open(name);
                lines.read(in);
            }
            if (!lines.next()) {
                ended = true;
                return false;
            }
        } catch (IOException error) {
            ended = true;
            number = Math.max(number, skip);
            add(lines.line(), Problem.sentence(error, number), LineFormat.ENDED);
            return true;
        }
        number++;
        String problem = lines.problem();
        if (blocks && problem.isEmpty()) {
            if (number > skip) addToBlock();
        } else {
            byte[] line = lines.line();
            if (context != null) context.read(line, lines.size());
            if (number > skip) add(line, problem, CheckpointedPosition.NO_OFFSET);
        }
        return number > skip;
    }

    private void addToBlock() {
        if (blockFirst == 0) blockFirst = number;
        else block.write('\n');
        lines.addTo(block);
        blockLast = number;
    }

    private void endBlock() {
        if (blockFirst == 0) return;
        byte[] together = block.toByteArray();
        add(together, blockFirst, "", together.length, CheckpointedPosition.NO_OFFSET, blockLast);
        block.reset();
        blockFirst = 0;
    }

    private void add(byte[] line, String problem, long offset) {
        endBlock();
        add(line, number, problem, lines.size(), offset, number);
    }

    private void add(byte[] bytes, long first, String problem, long size, long offset, long last) {
        byte[] before = context == null ? NOTHING : context.before();
        byte[] dated = context == null ? NOTHING : context.first();
        Object record = new Tuple7(bytes, name, Long.valueOf(first), problem, before, dated, Long.valueOf(size));
        records.add(new RecordAndPosition(record, offset, last));
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
