package flinkabnormal;

import java.io.IOException;

/** A read error, as a sentence for people. */
final class Problem extends IOException {
    Problem(String sentence) {
        super(sentence);
    }

    /** Reports the error, and how far the file was read. */
    static String sentence(IOException error, long linesRead) {
        String what = error instanceof Problem ? error.getMessage() : "the file can't be read on: " + error.getMessage();
        return what + (linesRead == 0 ? "; nothing of it was read" : "; read up to line " + linesRead);
    }
}
