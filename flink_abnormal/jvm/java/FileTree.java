package flinkabnormal;

import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.flink.connector.file.src.FileSourceSplit;
import org.apache.flink.connector.file.src.enumerate.FileEnumerator;
import org.apache.flink.core.fs.Path;

/**
 * The files of a folder and its subfolders, one split each; skips names that start with a dot or an underscore. An
 * unlistable folder or circular link is a split too: its reader reports it. Flink's own enumerator fails on those, and
 * on names with a colon.
 */
public final class FileTree implements FileEnumerator {

    /** Flink's factory of the enumerator. */
    public static final class Provider implements FileEnumerator.Provider {
        public FileEnumerator create() {
            return new FileTree();
        }
    }

    public Collection enumerateSplits(Path[] paths, int minDesiredSplits) {
        List splits = new ArrayList();
        for (Path path : paths) {
            for (Object file : files(path.getPath())) splits.add(split((String) file));
        }
        return splits;
    }

    /** The paths of a folder's files, sorted by name; for a file, its own path. */
    static List files(String root) {
        List files = new ArrayList();
        add(new File(root), new HashSet(), files);
        return files;
    }

    private static void add(File file, Set above, List files) {
        String[] names = file.isDirectory() ? file.list() : null;
        String real = names == null ? null : realPath(file);
        if (real == null || !above.add(real)) {
            files.add(file.getPath());
            return;
        }
        Arrays.sort(names);
        for (String name : names) {
            if (!name.startsWith(".") && !name.startsWith("_")) add(new File(file, name), above, files);
        }
        above.remove(real);
    }

    private static String realPath(File folder) {
        try {
            return folder.getCanonicalPath();
        } catch (IOException error) {
            return null;
        }
    }

    /** A split of a whole file; files are local. */
    static FileSourceSplit split(String file) {
        File found = new File(file);
        long length = found.length();
        return new FileSourceSplit(file, path(file), 0L, length, found.lastModified(), length);
    }

    /** The path in the form of Flink's local file system: a colon in a name does not make it an address. */
    static Path path(String file) {
        return new Path("file:" + file);
    }
}
