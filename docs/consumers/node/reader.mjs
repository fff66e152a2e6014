// Reads Clickrail's public topics with @platformatic/kafka: type, key and JSON of each record, with tabs between.
//   KAFKA=127.0.0.1:19092 GROUP=my-team node reader.mjs clicks.enriched clicks.rejected
// It follows the topics until Ctrl-C.
import { Consumer, stringDeserializers } from "@platformatic/kafka";

const KNOWN = new Set(["enriched", "rejected", "dead"].map((kind) => `io.clickrail.click.${kind}.v1`));
const COMMIT_MS = 1000;
const { KAFKA = "127.0.0.1:19092", GROUP = "my-team" } = process.env;
const topics = process.argv.length > 2 ? process.argv.slice(2) : ["clicks.enriched"];

// Put your work here. It may see a record again: write so that a second time does nothing, by key.
async function handle(kind, key, record) {
  console.log([kind, key ?? "", JSON.stringify(record)].join("\t"));
}

async function read(message) {
  const kind = message.headers.get("ce_type");
  if (!KNOWN.has(kind))
    throw new Error(`${kind} at ${message.topic}/${message.partition}/${message.offset} is unknown to this reader`);
  // Fields that this reader does not know are of a later minor version: they are left alone.
  await handle(kind, message.key, JSON.parse(message.value));
}

const consumer = new Consumer({
  clientId: "clickrail-reader",
  groupId: GROUP,
  bootstrapBrokers: KAFKA.split(","),
  deserializers: stringDeserializers,
  autocommit: false,
});
const stream = await consumer.consume({ topics, mode: "committed", fallbackMode: "earliest" });
const done = new Map(); // the last record of each partition whose work is done

async function commit() {
  const last = [...done.values()];
  done.clear();
  await Promise.all(last.map((message) => message.commit()));
}

async function stop() {
  clearInterval(timer);
  await commit();
  await stream.close();
}

// Offsets are committed after the work: a crash repeats records, and loses none.
const timer = setInterval(commit, COMMIT_MS);
process.once("SIGINT", stop).once("SIGTERM", stop);
try {
  for await (const message of stream) {
    await read(message);
    done.set(`${message.topic}/${message.partition}`, message);
  }
} finally {
  clearInterval(timer);
  await consumer.close(true);
}
