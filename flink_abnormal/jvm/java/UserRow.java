package flinkabnormal;

import org.apache.flink.types.Row;

/**
 * A user as the key of the counts: a Row of the userId for Flink's snapshots and key groups, which is how PyFlink keys a
 * stream, so that the state of both engines is the same. In memory it is smaller than a Row and knows its hash, which
 * matters since most of a detector's time among many users is spent on finding them.
 */
public final class UserRow {
    /** The hash of a Row of one field is BASE + FACTOR times that of the field. */
    private static final int BASE = Row.of(new Object[] {""}).hashCode();
    private static final int FACTOR = Row.of(new Object[] {"\u0001"}).hashCode() - BASE;

    final String id;
    private final int hash;

    public UserRow(String id) {
        this.id = id;
        this.hash = BASE + FACTOR * id.hashCode();
    }

    public int hashCode() {
        return hash;
    }

    /** Whether it is the same user, who may be a Row: Flink restores a snapshot's keys with its own serializer. */
    public boolean equals(Object other) {
        if (other instanceof UserRow) return ((UserRow) other).hash == hash && ((UserRow) other).id.equals(id);
        return other instanceof Row && id.equals(((Row) other).getField(0));
    }
}
