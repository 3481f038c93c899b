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
 * The files of a folder and of the folders in it, each as one split, but for names that start with a dot or an
 * underscore. A folder that can't be listed, or that a link leads back to, is a split too: its reader says what is
 * wrong. Flink's own enumerator fails at those, and at names with a colon.
 */
public final class FileTree implements FileEnumerator {

    /** What Flink asks for an enumerator. */
    public static final class Provider implements FileEnumerator.Provider {
        public FileEnumerator create() {
            return new FileTree();
        }
    }

    public Collection enumerateSplits(Path[] paths, int minDesiredSplits) {
        List splits = new ArrayList();
        for (Path path : paths) add(new File(path.getPath()), new HashSet(), splits);
        return splits;
    }

    private static void add(File file, Set above, List splits) {
        if (!file.isDirectory()) {
            splits.add(split(file));
            return;
        }
        String[] names = file.list();
        String real = realPath(file);
        if (names == null || real == null || !above.add(real)) {
            splits.add(split(file));
            return;
        }
        Arrays.sort(names);
        for (String name : names) {
            if (!name.startsWith(".") && !name.startsWith("_")) add(new File(file, name), above, splits);
        }
        above.remove(real);
    }

    private static String realPath(File file) {
        try {
            return file.getCanonicalPath();
        } catch (IOException error) {
            return null;
        }
    }

    /** A split without blocks: files are local, and read as a whole. Its path is Flink's own of a local file. */
    private static FileSourceSplit split(File file) {
        String path = file.getAbsolutePath();
        long length = file.length();
        return new FileSourceSplit(path, new Path("file:" + path), 0L, length, file.lastModified(), length);
    }
}
