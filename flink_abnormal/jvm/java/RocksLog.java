package flinkabnormal;

import java.util.Collection;
import org.apache.flink.state.rocksdb.RocksDBOptionsFactory;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.DBOptions;

/**
 * Leaves RocksDB's log beside its data. Flink moves it to its own logs, under a name made of the data's whole path: too
 * long for a file where a checkpoint is restored at another parallelism, and no attempt to restore it succeeds.
 */
public class RocksLog implements RocksDBOptionsFactory {
    public DBOptions createDBOptions(DBOptions current, Collection handles) {
        return current.setDbLogDir("");
    }

    public ColumnFamilyOptions createColumnOptions(ColumnFamilyOptions current, Collection handles) {
        return current;
    }
}
