// Validates the examples by the written schemas in Java, with its own regular expressions: java Check.java FOLDER_OF_SCHEMAS
// A line for each example: topic/verdict/file, and "valid" or "invalid".
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion.VersionFlag;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

public class Check {
    static final ObjectMapper MAPPER = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    public static void main(String[] arguments) throws IOException {
        Path root = Path.of(arguments[0]);
        for (Path topic : list(root.resolve("examples"))) {
            String schema = Files.readString(root.resolve("json/" + topic.getFileName() + ".schema.json"));
            SchemaValidatorsConfig config = SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build();
            JsonSchema validator = JsonSchemaFactory.getInstance(VersionFlag.V202012).getSchema(schema, config);
            for (Path verdict : list(topic))
                for (Path file : list(verdict))
                    System.out.println(root.resolve("examples").relativize(file) + " " + judge(validator, file));
        }
    }

    static String judge(JsonSchema validator, Path file) throws IOException {
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(Files.readAllBytes(file))).toString();
            JsonNode record = MAPPER.readTree(text);
            // An empty text is no JSON, and no node either.
            return !record.isMissingNode() && validator.validate(record).isEmpty() ? "valid" : "invalid";
        } catch (IOException error) {
            return "invalid"; // no JSON, or no UTF-8
        }
    }

    static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> found = Files.list(folder)) {
            return found.sorted().toList();
        }
    }
}
