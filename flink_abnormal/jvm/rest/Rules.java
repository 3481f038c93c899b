package flinkabnormal.rest;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpHeaders;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpRequest;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.QueryStringDecoder;
import org.apache.flink.shaded.netty4.io.netty.util.NetUtil;

/**
 * Who may use Flink's REST API, which needs no password: programs, and its own web UI in a browser. A page of another
 * website can send requests too, but can't forge the browser's Host, Origin and Sec-Fetch-Site.
 */
final class Rules {
    private static final Pattern HOST = Pattern.compile("(\\[([0-9a-f:.]+)\\]|[^\\[\\]:/?#@\\s]+)(:[0-9]*)?");

    private final Set names = new HashSet();

    Rules(Configuration configuration) {
        names.add("localhost");
        add((String) configuration.get(RestOptions.ADDRESS));
        add((String) configuration.get(JobManagerOptions.ADDRESS));
    }

    private void add(String name) {
        if (name != null) names.add(name.toLowerCase(Locale.ROOT));
    }

    /** Returns why a request is refused, or null. */
    String refusal(HttpRequest request) {
        HttpHeaders headers = request.headers();
        String host = only(headers.getAll("host")).toLowerCase(Locale.ROOT);
        if (!serves(host)) return "This host is not served here: use an IP address, localhost or rest.address.";
        if (headers.contains("origin") && !isOrigin(only(headers.getAll("origin")), host)) {
            return "Pages of other websites may not send requests here.";
        }
        if (headers.contains("sec-fetch-site") && !ownPage(headers) && !opensPage(request)) {
            return "Pages of other websites may not send requests here.";
        }
        if (cancelsByGet(request.uri()) && !site(headers).equals("same-origin")) {
            return "Only the web UI may cancel with GET: send PATCH /jobs/ID.";
        }
        return null;
    }

    private static String only(List values) {
        return values.size() == 1 ? (String) values.get(0) : "";
    }

    /**
     * Whether a Host header, in lower case, is this server's. Another website's name may resolve to this machine, and
     * its page would then have the same origin; an address can't.
     */
    private boolean serves(String host) {
        Matcher matched = HOST.matcher(host);
        if (!matched.matches()) return false;
        if (matched.group(2) != null) return NetUtil.isValidIpV6Address(matched.group(2));
        return names.contains(matched.group(1)) || NetUtil.isValidIpV4Address(matched.group(1));
    }

    private static boolean isOrigin(String origin, String host) {
        return origin.equalsIgnoreCase("http://" + host) || origin.equalsIgnoreCase("https://" + host);
    }

    /** Whether the browser reports the server's own page or the user's input as a request's origin. */
    private static boolean ownPage(HttpHeaders headers) {
        return site(headers).equals("same-origin") || site(headers).equals("none");
    }

    private static String site(HttpHeaders headers) {
        return only(headers.getAll("sec-fetch-site"));
    }

    /** Whether a request opens a page in a tab, like a link: the link's author can't read the response. */
    private static boolean opensPage(HttpRequest request) {
        HttpHeaders headers = request.headers();
        return request.method().name().equals("GET")
            && only(headers.getAll("sec-fetch-mode")).equals("navigate")
            && only(headers.getAll("sec-fetch-dest")).equals("document");
    }

    /**
     * Whether it is /jobs/ID/yarn-cancel or yarn-stop, which the web UI's own page uses. Path segments are decoded
     * twice, as in Flink.
     */
    private static boolean cancelsByGet(String uri) {
        return QueryStringDecoder.decodeComponent(new QueryStringDecoder(uri).path()).contains("/yarn-");
    }
}
