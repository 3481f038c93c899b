package flinkabnormal;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;

/**
 * The users and alerts that a subtask shows as metrics: the twin of pipeline/live_metrics.py. The JSON is made when
 * somebody asks for it.
 */
public final class LiveView implements Serializable {
    private final String usersName;
    private final String alertsName;
    private final int mostUsers;
    private final int mostAlerts;
    private final int mostEvents;
    private final int mostChars;
    private final long threshold;
    private transient Map shown;
    private transient AtomicReferenceArray users;
    private transient AtomicReferenceArray alerts;
    private transient long lowest;
    private transient long raised;

    /** @param usersName name of a metric, as `alertsName`; the others are how many of each are shown */
    public LiveView(
        String usersName, String alertsName, Integer users, Integer alerts, Integer events, Integer chars,
        Number threshold
    ) {
        this.usersName = usersName;
        this.alertsName = alertsName;
        this.mostUsers = users.intValue();
        this.mostAlerts = alerts.intValue();
        this.mostEvents = events.intValue();
        this.mostChars = chars.intValue();
        this.threshold = threshold.longValue();
    }

    void open(MetricGroup metrics) {
        shown = new HashMap();
        users = new AtomicReferenceArray(1 + mostUsers);
        alerts = new AtomicReferenceArray(mostAlerts);
        users.set(0, "{\"threshold\":" + threshold + "}");
        metrics.gauge(usersName, new LiveGauges.Text(users));
        metrics.gauge(alertsName, new LiveGauges.Text(alerts));
    }

    /** Shows an event and its user's count, which is 0 only for a normal event. */
    void saw(String id, long count, long times) {
        User user = (User) shown.get(id);
        if (user == null) {
            if (count <= lowest && shown.size() == mostUsers) return;
            user = admit(id, count);
            if (user == null) return;
        }
        lowest = Math.min(lowest, count);
        user.saw(count, (int) Math.min(times, mostEvents), mostEvents);
    }

    /** Gives a new user a place; returns null if all shown counts are at least as high. */
    private User admit(String id, long count) {
        int place = shown.size() + 1;
        if (place > mostUsers) {
            User last = last();
            lowest = last.count();
            if (count <= lowest) return null;
            shown.remove(last.id);
            place = last.place;
        }
        User user = new User(id, place, head(id), isCut(id) ? ",\"cut\":true}" : "}");
        shown.put(id, user);
        users.set(place, user);
        return user;
    }

    /** The user with the lowest count; of equals, the one seen least recently. */
    private User last() {
        User last = null;
        for (Iterator each = shown.values().iterator(); each.hasNext();) {
            User user = (User) each.next();
            boolean before = last == null || user.count() < last.count();
            if (before || user.count() == last.count() && user.now().at < last.now().at) last = user;
        }
        return last;
    }

    void alerted(Tuple5 alert) {
        alerts.lazySet((int) (raised % mostAlerts), new Shown(alert, raised, System.currentTimeMillis()));
        raised++;
    }

    private String head(String id) {
        StringBuilder json = new StringBuilder("{\"userId\":");
        Json.text(json, shorten(id));
        return json.append(",\"count\":").toString();
    }

    private boolean isCut(String id) {
        return id.codePointCount(0, id.length()) > mostChars;
    }

    private String shorten(String id) {
        return isCut(id) ? id.substring(0, id.offsetByCodePoints(0, mostChars)) + "\u2026" : id;
    }

    /** A shown alert; its text is JSON. */
    private final class Shown {
        private final Tuple5 alert;
        private final long number;
        private final long at;

        Shown(Tuple5 alert, long number, long at) {
            this.alert = alert;
            this.number = number;
            this.at = at;
        }

        public String toString() {
            String id = (String) alert.f1;
            StringBuilder json = new StringBuilder("{\"seq\":").append(number).append(",\"at\":").append(at);
            json.append(",\"userId\":");
            Json.text(json, shorten(id));
            json.append(",\"count\":").append(alert.f2).append(",\"alertId\":\"").append(alert.f0);
            json.append("\",\"timestamp\":");
            if (((Long) alert.f4).longValue() == RecordTime.NONE) json.append("null");
            else json.append(alert.f4);
            return json.append(isCut(id) ? ",\"cut\":true}" : "}").toString();
        }
    }

    /** A shown user; its text is JSON. */
    private static final class User {
        final String id;
        final int place;
        private final String head;
        private final String tail;
        /** Read by whoever asks, who may see it a moment late: a stricter write would hold up each event. */
        private final AtomicReference last = new AtomicReference(new Seen(0L, 0, 0, 0L));

        User(String id, int place, String head, String tail) {
            this.id = id;
            this.place = place;
            this.head = head;
            this.tail = tail;
        }

        void saw(long count, int times, int most) {
            Seen before = now();
            int events = count == 0L ? before.events << times : (before.events + 1 << times) - 1;
            int length = Math.min(most, before.length + times);
            last.lazySet(new Seen(count, events, length, System.currentTimeMillis()));
        }

        Seen now() {
            return (Seen) last.get();
        }

        long count() {
            return now().count;
        }

        public String toString() {
            Seen seen = now();
            StringBuilder json = new StringBuilder(head).append(seen.count).append(",\"events\":\"");
            for (int i = seen.length - 1; i >= 0; i--) json.append((seen.events >> i & 1) == 1 ? 'A' : 'N');
            return json.append("\",\"at\":").append(seen.at).append(tail).toString();
        }
    }

    /** A user's count, its last events (bits, newest last, 1 is abnormal) and when the newest came (epoch ms). */
    private static final class Seen {
        final long count;
        final int events;
        final int length;
        final long at;

        Seen(long count, int events, int length, long at) {
            this.count = count;
            this.events = events;
            this.length = length;
            this.at = at;
        }
    }
}
