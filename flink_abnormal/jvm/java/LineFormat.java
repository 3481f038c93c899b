package flinkabnormal;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.file.src.FileSourceSplit;
import org.apache.flink.connector.file.src.reader.BulkFormat;
import org.apache.flink.connector.file.src.util.CheckpointedPosition;

/**
 * Files as lines, with their file's name and the number of the first. A read error is a record too, with the reason:
 * Flink's own text format fails the job instead.
 *
 * <p>The position in a file is the number of lines read, as in Flink's text format: a snapshot of either fits the
 * other. ENDED marks a file that was given up.
 */
public class LineFormat implements BulkFormat {
    static final long ENDED = Long.MAX_VALUE;

    private final TypeInformation produced;
    private final int longest;
    private final int kept;
    private final boolean syslog;
    private final boolean dated;
    private final boolean blocks;

    /**
     * @param produced the type of records: that of the Python class Record
     * @param longest longer lines, in bytes, are not read
     * @param kept how many bytes of such a line are shown
     * @param syslog whether a line needs earlier ones (SyslogContext)
     * @param dated whether it needs the first date of its file too
     * @param blocks whether a record is many lines, joined by LF, of which each stands alone
     */
    public LineFormat(
        TypeInformation produced, Integer longest, Integer kept, Boolean syslog, Boolean dated, Boolean blocks
    ) {
        this.produced = produced;
        this.longest = longest.intValue();
        this.kept = kept.intValue();
        this.syslog = syslog.booleanValue();
        this.dated = dated.booleanValue();
        this.blocks = blocks.booleanValue();
    }

    public boolean isSplittable() {
        return false;
    }

    public TypeInformation getProducedType() {
        return produced;
    }

    public BulkFormat.Reader createReader(Configuration config, FileSourceSplit split) {
        return reader(split, 0L);
    }

    public BulkFormat.Reader restoreReader(Configuration config, FileSourceSplit split) {
        CheckpointedPosition position = (CheckpointedPosition) split.getReaderPosition().get();
        return reader(split, position.getOffset() == ENDED ? ENDED : position.getRecordsAfterOffset());
    }

    private BulkFormat.Reader reader(FileSourceSplit split, long skip) {
        SyslogContext context = syslog ? new SyslogContext(dated) : null;
        return new FileReader(split.path().getPath(), new Lines(longest, kept), context, blocks, skip);
    }
}
