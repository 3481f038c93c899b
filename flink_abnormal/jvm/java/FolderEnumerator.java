package flinkabnormal;

import java.io.File;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.connector.file.src.FileSourceSplit;
import org.apache.flink.connector.file.src.PendingSplitsCheckpoint;
import org.apache.flink.core.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Assigns each file of a folder once: one at a time to any reader that requests a split, or all that are found at once.
 * A file that has been gone for forgetMs is evicted, and a later one of its name is new. Flink's own enumerator stores
 * every file it ever found, in each checkpoint.
 */
final class FolderEnumerator implements SplitEnumerator {
    private static final Logger LOG = LoggerFactory.getLogger("flinkabnormal.FolderEnumerator");
    private static final long PAUSE_MS = 1000L;
    /** Minimum pause after a listing, in multiples of its duration. */
    private static final int PAUSES = 20;

    private final SplitEnumeratorContext context;
    private final String folder;
    private final long forgetMs;
    private final boolean atOnce;
    private final boolean bounded;
    private final ArrayDeque waitingSplits = new ArrayDeque();
    private final LinkedHashSet waitingReaders = new LinkedHashSet();
    /** Path of each file found -> time since when it has been gone (nanoseconds), or null. */
    private final Map found = new HashMap();
    private long nextListing = System.nanoTime();
    /** What each reader was given, if all is assigned at once. */
    private final long[] assignedBytes;
    /** Whether no file will be added. */
    private boolean complete;

    FolderEnumerator(
        SplitEnumeratorContext context,
        String folder,
        long forgetMs,
        boolean atOnce,
        boolean bounded,
        PendingSplitsCheckpoint restored
    ) {
        this.context = context;
        this.folder = folder;
        this.forgetMs = forgetMs;
        this.atOnce = atOnce;
        this.assignedBytes = new long[context.currentParallelism()];
        this.bounded = bounded;
        this.complete = bounded && restored != null && !restored.getAlreadyProcessedPaths().isEmpty();
        if (restored != null) {
            waitingSplits.addAll(restored.getSplits());
            for (Object path : restored.getAlreadyProcessedPaths()) found.put(((Path) path).getPath(), null);
        }
    }

    public void start() {
        Callable list = new Callable() {
            public Object call() {
                return list();
            }
        };
        BiConsumer take = new BiConsumer() {
            public void accept(Object files, Object error) {
                if (error != null) LOG.error("The folder " + folder + " was not listed", (Throwable) error);
                else if (files != null) take((Collection) files);
            }
        };
        if (!bounded) context.callAsync(list, take, 0L, PAUSE_MS);
        else if (!complete) context.callAsync(list, take);
    }

    /** Returns the files, or null if it is too early to list again or the folder does not exist now. */
    private Object list() {
        long began = System.nanoTime();
        if (!bounded && (began < nextListing || !new File(folder).isDirectory())) return null;
        List files = FileTree.files(folder);
        long ended = System.nanoTime();
        nextListing = ended + PAUSES * (ended - began);
        return files;
    }

    private void take(Collection files) {
        complete = bounded;
        for (Object file : files) {
            if (!found.containsKey(file)) waitingSplits.add(FileTree.split((String) file));
            found.put(file, null);
        }
        // An empty folder may be unmounted.
        if (!files.isEmpty() && found.size() > files.size()) forget(new LinkedHashSet(files));
        assign();
    }

    private void forget(Collection present) {
        long now = System.nanoTime();
        for (Iterator each = found.entrySet().iterator(); each.hasNext();) {
            Map.Entry entry = (Map.Entry) each.next();
            if (present.contains(entry.getKey())) continue;
            if (entry.getValue() == null) entry.setValue(Long.valueOf(now));
            else if (now - ((Long) entry.getValue()).longValue() > forgetMs * 1000000L) each.remove();
        }
    }

    public void handleSplitRequest(int subtask, String host) {
        waitingReaders.add(Integer.valueOf(subtask));
        assign();
    }

    public void addSplitsBack(List splits, int subtask) {
        waitingSplits.addAll(splits);
        assign();
    }

    private void assign() {
        if (atOnce) assignAll();
        else assignOneEach();
        if (!complete || !waitingSplits.isEmpty()) return;
        for (Object reader : waitingReaders) {
            int subtask = ((Integer) reader).intValue();
            if (context.registeredReaders().containsKey(reader)) context.signalNoMoreSplits(subtask);
        }
        waitingReaders.clear();
    }

    /** Gives each split to the reader with the least to read, once all readers are there. */
    private void assignAll() {
        if (context.registeredReaders().size() < assignedBytes.length) return;
        while (!waitingSplits.isEmpty()) {
            FileSourceSplit split = (FileSourceSplit) waitingSplits.poll();
            int least = 0;
            for (int i = 1; i < assignedBytes.length; i++) if (assignedBytes[i] < assignedBytes[least]) least = i;
            assignedBytes[least] += Math.max(1L, split.length());
            context.assignSplit(split, least);
        }
    }

    private void assignOneEach() {
        Iterator readers = waitingReaders.iterator();
        while (readers.hasNext() && !waitingSplits.isEmpty()) {
            Integer reader = (Integer) readers.next();
            readers.remove();
            // A failed reader requests a split again after its restart.
            if (!context.registeredReaders().containsKey(reader)) continue;
            context.assignSplit((FileSourceSplit) waitingSplits.poll(), reader.intValue());
        }
    }

    public Object snapshotState(long checkpoint) {
        List paths = new ArrayList();
        for (Object file : found.keySet()) paths.add(FileTree.path((String) file));
        return PendingSplitsCheckpoint.fromCollectionSnapshot(new ArrayList(waitingSplits), paths);
    }

    public void addReader(int subtask) {
        assign();
    }

    public void handleSourceEvent(int subtask, SourceEvent event) {}

    public void close() throws IOException {}
}
