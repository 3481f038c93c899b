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
        for (Path path : paths) {
            for (Object file : files(path.getPath())) splits.add(split((String) file));
        }
        return splits;
    }

    /** The paths of the files of a folder, in the order of their names; of a file, its own. */
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

    /** The whole of a file as a split; files are local. */
    static FileSourceSplit split(String file) {
        File found = new File(file);
        long length = found.length();
        return new FileSourceSplit(file, path(file), 0L, length, found.lastModified(), length);
    }

    /** The path as Flink's local file system writes it, which takes a colon in a name for none of an address. */
    static Path path(String file) {
        return new Path("file:" + file);
    }
}
