package flinkabnormal;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.zip.ZipException;

/** Opens a text file, plain or gzip-compressed; reports errors as Problem. */
final class InputFile extends FilterInputStream {
    private static final int LONGEST_SIGNATURE = 6;
    private static final String GZIP = "\u001f\u008b";
    /** Signatures of files that contain no lines of UTF-8. */
    private static final String[][] SIGNATURES = {
        {"\u00fd7zXZ\u0000", "compressed with xz"},
        {"(\u00b5/\u00fd", "compressed with zstd"},
        {"BZh", "compressed with bzip2"},
        {"PK\u0003\u0004", "a zip archive"},
        {"7z\u00bc\u00af", "a 7z archive"},
        {"\u0004\"M\u0018", "compressed with lz4"},
        {"\u001f\u009d", "compressed with compress"},
        {"\u00ff\u00fe", "text in UTF-16"},
        {"\u00fe\u00ff", "text in UTF-16"},
    };
    private static final String[][] ENDINGS = {
        {".xz", "xz"},
        {".zst", "zstd"},
        {".bz2", "bzip2"},
        {".zip", "zip"},
        {".7z", "7z"},
        {".lz4", "lz4"},
        {".Z", "compress"},
        {".deflate", "deflate"},
    };

    private InputFile(InputStream in) {
        super(in);
    }

    static InputStream open(String name) throws IOException {
        InputStream raw = openRaw(name);
        try {
            return new InputFile(unpacked(name, new BufferedInputStream(raw, 64 * 1024)));
        } catch (IOException error) {
            raw.close();
            throw explained(error);
        }
    }

    public int read(byte[] into, int from, int length) throws IOException {
        try {
            return in.read(into, from, length);
        } catch (IOException error) {
            throw explained(error);
        }
    }

    private static InputStream openRaw(String name) throws IOException {
        try {
            Path file = Paths.get(name, new String[0]);
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class, new LinkOption[0]);
            if (attributes.isDirectory()) throw new Problem(folderProblem(file));
            if (!attributes.isRegularFile()) throw new Problem("not a regular file: a pipe, a socket or a device");
            return Files.newInputStream(file, new OpenOption[0]);
        } catch (InvalidPathException error) {
            throw new Problem("its name is not UTF-8");
        } catch (AccessDeniedException error) {
            throw new Problem("there is no permission to read it");
        } catch (NoSuchFileException error) {
            throw new Problem(isLink(name) ? "a link to a file that isn't there" : goneProblem(name));
        } catch (FileSystemException error) {
            throw new Problem(isLink(name) ? "a circular link" : "it can't be opened: " + error.getReason());
        }
    }

    private static String folderProblem(Path folder) {
        if (Files.isReadable(folder) && Files.isExecutable(folder)) return "a link back to a folder that it lies in";
        return "there is no permission to list this folder";
    }

    private static String goneProblem(String name) {
        return name.indexOf('\ufffd') < 0 ? "the file is gone: moved or removed" : "its name is not UTF-8";
    }

    private static boolean isLink(String name) {
        return Files.isSymbolicLink(Paths.get(name, new String[0]));
    }

    private static InputStream unpacked(String name, InputStream in) throws IOException {
        in.mark(LONGEST_SIGNATURE);
        String start = new String(in.readNBytes(LONGEST_SIGNATURE), StandardCharsets.ISO_8859_1);
        in.reset();
        if (start.startsWith(GZIP)) return new GzipMembers(in);
        if (name.endsWith(".gz") || name.endsWith(".gzip")) {
            throw new Problem(start.isEmpty() ? "empty, not a gzip archive" : "not a gzip archive, whatever its name says");
        }
        for (String[] signature : SIGNATURES) {
            if (start.startsWith(signature[0])) throw new Problem(unreadable(signature[1]));
        }
        for (String[] ending : ENDINGS) {
            if (name.endsWith(ending[0])) throw new Problem(unreadable("by its name, compressed with " + ending[1]));
        }
        return in;
    }

    private static String unreadable(String what) {
        return what + ": only UTF-8 text, plain or packed with gzip, is read";
    }

    private static IOException explained(IOException error) {
        if (error instanceof EOFException) return new Problem("the gzip archive is cut off");
        if (error instanceof ZipException) return new Problem("the gzip archive is damaged (" + error.getMessage() + ")");
        return error;
    }
}
