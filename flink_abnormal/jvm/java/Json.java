package flinkabnormal;

/** Writes texts as JSON, as orjson does. */
final class Json {
    private static final String HEX = "0123456789abcdef";

    private Json() {}

    static void text(StringBuilder json, String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char each = text.charAt(i);
            if (each == '"' || each == '\\') json.append('\\').append(each);
            else if (each >= ' ') json.append(each);
            else control(json, each);
        }
        json.append('"');
    }

    private static void control(StringBuilder json, char each) {
        int place = "\b\t\n\f\r".indexOf(each);
        if (place >= 0) json.append('\\').append("btnfr".charAt(place));
        else json.append("\\u00").append(HEX.charAt(each >> 4)).append(HEX.charAt(each & 15));
    }
}
