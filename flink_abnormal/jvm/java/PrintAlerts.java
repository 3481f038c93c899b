package flinkabnormal;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Paths;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;

/**
 * Prints alerts on the worker's standard output: the twin of pipeline/stdout.py. UTF-8 whatever the locale, and one
 * write for a line, so that it mixes with no other; System.out does neither.
 */
public final class PrintAlerts extends RichMapFunction implements ResultTypeQueryable {
    private static final String STANDARD_OUTPUT = "/dev/fd/1";

    private final AlertText text;
    private transient FileOutputStream output;
    private transient boolean isFile;

    public PrintAlerts(AlertText text) {
        this.text = text;
    }

    public TypeInformation getProducedType() {
        return Types.STRING;
    }

    public void open(OpenContext context) {
        output = new FileOutputStream(FileDescriptor.out);
        isFile = Files.isRegularFile(Paths.get(STANDARD_OUTPUT, new String[0]), new LinkOption[0]);
    }

    /** A reader that is gone (`| head`) is about to end the run, and the task must not fail first; a full disk does. */
    public Object map(Object alert) throws IOException {
        String line = text.line((Tuple5) alert);
        try {
            output.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException error) {
            if (isFile) throw error;
        }
        return line;
    }
}
