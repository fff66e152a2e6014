// Reads values from standard input, one a line, as Kafka Connect does: with schemas (argument "true") or without.
// Prints of each what a sink would get: its class and contents, or the error.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.json.JsonConverter;

public class ReadAsConnect {
    public static void main(String[] arguments) throws Exception {
        JsonConverter converter = new JsonConverter();
        converter.configure(Map.of("schemas.enable", arguments[0]), false);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine())
            System.out.println(describe(converter, line));
    }

    static String describe(JsonConverter converter, String line) {
        try {
            SchemaAndValue read = converter.toConnectData("clicks", line.getBytes(StandardCharsets.UTF_8));
            return read.value() instanceof Struct struct
                ? describe(struct)
                : (read.value() instanceof Map ? "Map" : "other") + " schema=" + read.schema();
        } catch (DataException error) {
            return "DataException";
        }
    }

    static String describe(Struct struct) {
        StringBuilder text = new StringBuilder("Struct");
        for (Field field : struct.schema().fields()) {
            Object value = struct.get(field);
            text.append(' ').append(field.name()).append('=')
                .append(value instanceof java.util.Date date ? date.getTime() : value);
        }
        return text.toString();
    }
}
