package flinkabnormal;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.connector.file.src.FileSource;
import org.apache.flink.connector.file.src.PendingSplitsCheckpoint;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** Flink's file source with FolderEnumerator as its enumerator; the state has the same format, at any setting. */
public class FolderSource implements Source, ResultTypeQueryable {
    private final FileSource files;
    private final String folder;
    private final long forgetMs;
    private final boolean atOnce;
    private final boolean bounded;

    /**
     * @param folder a folder, or a file if the run is bounded
     * @param atOnce whether all files found are assigned at once, so that Flink's watermark waits for each of them
     * @param bounded whether only the files of the first listing are read
     */
    public FolderSource(FileSource files, String folder, Number forgetMs, Boolean atOnce, Boolean bounded) {
        this.files = files;
        this.folder = folder;
        this.forgetMs = forgetMs.longValue();
        this.atOnce = atOnce.booleanValue();
        this.bounded = bounded.booleanValue();
    }

    public Boundedness getBoundedness() {
        return bounded ? Boundedness.BOUNDED : Boundedness.CONTINUOUS_UNBOUNDED;
    }

    public SourceReader createReader(SourceReaderContext context) throws Exception {
        return files.createReader(context);
    }

    public SplitEnumerator createEnumerator(SplitEnumeratorContext context) {
        return enumerator(context, null);
    }

    public SplitEnumerator restoreEnumerator(SplitEnumeratorContext context, Object checkpoint) {
        return enumerator(context, (PendingSplitsCheckpoint) checkpoint);
    }

    private SplitEnumerator enumerator(SplitEnumeratorContext context, PendingSplitsCheckpoint restored) {
        return new FolderEnumerator(context, folder, forgetMs, atOnce, bounded, restored);
    }

    public SimpleVersionedSerializer getSplitSerializer() {
        return files.getSplitSerializer();
    }

    public SimpleVersionedSerializer getEnumeratorCheckpointSerializer() {
        return files.getEnumeratorCheckpointSerializer();
    }

    public TypeInformation getProducedType() {
        return files.getProducedType();
    }
}
