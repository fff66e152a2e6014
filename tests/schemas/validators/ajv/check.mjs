// Validates the examples by the written schemas with Ajv as it comes: node check.mjs FOLDER_OF_SCHEMAS
// A line for each example: topic/verdict/file, and "valid" or "invalid".
import addFormats from "ajv-formats";
import Ajv from "ajv/dist/2020.js";
import { readFileSync, readdirSync } from "node:fs";

const root = process.argv[2];
const ajv = addFormats(new Ajv());
const text = new TextDecoder("utf-8", { fatal: true });

function isValid(validate, path) {
  try {
    return validate(JSON.parse(text.decode(readFileSync(path))));
  } catch {
    return false; // no JSON, or no UTF-8
  }
}

for (const topic of readdirSync(`${root}/examples`).sort()) {
  const validate = ajv.compile(JSON.parse(readFileSync(`${root}/json/${topic}.schema.json`, "utf8")));
  for (const verdict of ["bad", "good"])
    for (const file of readdirSync(`${root}/examples/${topic}/${verdict}`).sort())
      console.log(
        `${topic}/${verdict}/${file}`,
        isValid(validate, `${root}/examples/${topic}/${verdict}/${file}`) ? "valid" : "invalid",
      );
}
