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

/** Flink's file source with FollowedFolder as its enumerator; the state has the same format. */
public class FollowedFiles implements Source, ResultTypeQueryable {
    private final FileSource files;
    private final String folder;
    private final long forgetMs;

    public FollowedFiles(FileSource files, String folder, Number forgetMs) {
        this.files = files;
        this.folder = folder;
        this.forgetMs = forgetMs.longValue();
    }

    public Boundedness getBoundedness() {
        return Boundedness.CONTINUOUS_UNBOUNDED;
    }

    public SourceReader createReader(SourceReaderContext context) throws Exception {
        return files.createReader(context);
    }

    public SplitEnumerator createEnumerator(SplitEnumeratorContext context) {
        return new FollowedFolder(context, folder, forgetMs, null);
    }

    public SplitEnumerator restoreEnumerator(SplitEnumeratorContext context, Object checkpoint) {
        return new FollowedFolder(context, folder, forgetMs, (PendingSplitsCheckpoint) checkpoint);
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
