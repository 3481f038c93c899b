package flinkabnormal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.admin.Admin;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.admin.AdminClient;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.admin.TransactionListing;

/**
 * Lists the brokers' transactions, one line each: id, state, start and timeout (ms), partitions; tabs between them. With
 * arguments it fences the producers of these ids, which aborts what they have open.
 *
 * <p>The client's properties come from the standard input, since they may be secret. A failure is its cause on the
 * standard error, and exit code 1.
 */
public final class KafkaTransactions {
    public static void main(String[] ids) throws Exception {
        Properties properties = new Properties();
        properties.load(System.in);
        Admin admin = AdminClient.create(properties); // Janino calls no static methods of interfaces
        try {
            if (ids.length > 0) {
                admin.fenceProducers(Arrays.asList(ids)).all().get();
            } else {
                list(admin);
            }
        } catch (java.util.concurrent.ExecutionException failure) {
            System.err.println(failure.getCause().getMessage());
            System.exit(1);
        } finally {
            admin.close();
        }
    }

    private static void list(Admin admin) throws Exception {
        List ids = new ArrayList();
        for (Object listed : (Collection) admin.listTransactions().all().get()) {
            ids.add(((TransactionListing) listed).transactionalId());
        }
        for (Object entry : ((Map) admin.describeTransactions(ids).all().get()).entrySet()) {
            TransactionDescription found = (TransactionDescription) ((Map.Entry) entry).getValue();
            StringBuilder line = new StringBuilder((String) ((Map.Entry) entry).getKey());
            line.append('\t').append(found.state());
            line.append('\t').append(found.transactionStartTimeMs().orElse(-1L));
            line.append('\t').append(found.transactionTimeoutMs());
            line.append('\t');
            String comma = "";
            for (Object partition : found.topicPartitions()) {
                line.append(comma).append(partition);
                comma = ",";
            }
            System.out.println(line);
        }
    }
}
