// Verify a Clickrail click token: `node verify_token.mjs KEYS.json TOKEN` prints the click id, or exits with 1.
import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

const TOKEN = /^([0-7][0-9A-HJKMNP-TV-Z]{25})\.([a-z0-9]{2})([0-9A-HJKMNP-TV-Z]{16})$/;
const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Read what `clickrail keys export-token` printed. Keep the file secret. */
export function readKeys(path) {
  const exported = JSON.parse(readFileSync(path, "utf8"));
  return new Map(exported.keys.map(({ kid, key }) => [kid, Buffer.from(key, "base64url")]));
}

/** Return the click id of a genuine token of this program; null for any other value. */
export function verifyToken(keys, token) {
  const [, clickId, kid, proof] = (typeof token === "string" && TOKEN.exec(token)) || [];
  if (!keys.has(kid)) return null;
  const mac = createHmac("sha256", keys.get(kid)).update(`v1.${kid}.${clickId}`).digest();
  let number = BigInt(`0x${mac.toString("hex", 0, 10)}`);
  let expected = "";
  for (; expected.length < 16; number >>= 5n) expected = DIGITS[Number(number & 31n)] + expected;
  return timingSafeEqual(Buffer.from(expected), Buffer.from(proof)) ? clickId : null;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const verified = verifyToken(readKeys(process.argv[2]), process.argv[3]);
  console.log(verified ?? "not genuine");
  process.exitCode = verified === null ? 1 : 0;
}
