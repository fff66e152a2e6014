// Parses AsyncAPI documents with the official parser: node check.mjs FILE...
// For each a line per diagnosis (severity, 0: error, 1: warning, 2: information; code, place, text), and a last one that
// counts its operations: none if the document is not valid.
import { Parser } from "@asyncapi/parser";
import { readFileSync } from "node:fs";

for (const file of process.argv.slice(2)) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf8"));
  for (const { severity, code, message, path } of diagnostics) console.log(severity, code, path.join("/"), message);
  console.log(document?.operations().all().length ?? 0, "operations");
}
