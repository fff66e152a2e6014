"""Copies clicks into a topic that Kafka Connect's JDBC sinks can read: flat columns, each record with its schema.

    KAFKA=127.0.0.1:19092 GROUP=for-connect python connect_envelope.py clicks.enriched clicks.for_connect

It follows the topic until Ctrl-C. Create the second topic first, with as many partitions as the first.
"""

import json
import os
import signal
import sys
from datetime import datetime
from threading import Event
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, Producer

KNOWN = "io.clickrail.click.enriched.v1"
BATCH = 500
TIMESTAMP = "org.apache.kafka.connect.data.Timestamp"
COLUMNS = {  # your table's columns: where each is in a click, and its type
    "click_id": ("click_id", "string"),
    "clicked_at": ("clicked_at", TIMESTAMP),
    "code": ("code", "string"),
    "affiliate_id": ("affiliate_id", "string"),
    "program_id": ("program_id", "string"),
    "geo_country": ("geo.country", "string"),
    "device_type": ("device.type", "string"),
    "is_bot": ("bot.is_bot", "boolean"),
    "prefetch": ("prefetch", "boolean"),
    "is_test": ("is_test", "boolean"),
}


def describe(name: str, kind: str) -> dict[str, Any]:
    kinds = {"type": "int64", "name": TIMESTAMP, "version": 1} if kind == TIMESTAMP else {"type": kind}
    return {"field": name, "optional": name != "click_id", **kinds}


SCHEMA = {
    "type": "struct",
    "name": "click",
    "optional": False,
    "fields": [describe(name, kind) for name, (_, kind) in COLUMNS.items()],
}


def find(click: dict[str, Any], path: str, kind: str) -> Any:
    value: Any = click
    for part in path.split("."):
        value = None if value is None else value.get(part)
    if kind == TIMESTAMP and value is not None:
        return round(datetime.fromisoformat(value).timestamp() * 1000)
    return value


def kind_of(message: Message) -> str:
    kind = dict(message.headers() or []).get("ce_type")
    return kind.decode() if isinstance(kind, bytes) else "A record without ce_type"


def wrap(message: Message) -> bytes:
    if error := message.error():
        raise KafkaException(error)
    if (kind := kind_of(message)) != KNOWN:
        sys.exit(f"{kind} is unknown to this program")
    click = json.loads(message.value() or b"")
    row = {name: find(click, path, kind) for name, (path, kind) in COLUMNS.items()}
    return json.dumps({"schema": SCHEMA, "payload": row}).encode()


def main() -> None:
    stopping = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    source, target = sys.argv[1:]
    servers = {"bootstrap.servers": os.environ.get("KAFKA", "127.0.0.1:19092")}
    group = {"group.id": os.environ.get("GROUP", "for-connect"), "auto.offset.reset": "earliest"}
    consumer = Consumer({**servers, **group, "enable.auto.commit": False})
    # The partitioner of Java's clients: a click is in the same partition of both topics.
    producer = Producer(
        {**servers, "enable.idempotence": True, "partitioner": "murmur2_random", "compression.type": "zstd"}
    )
    consumer.subscribe([source])
    try:
        while not stopping.is_set():
            if messages := consumer.consume(BATCH, timeout=1.0):
                for message in messages:
                    producer.produce(target, wrap(message), message.key())
                if producer.flush(60):
                    sys.exit("Kafka did not take everything")
                consumer.commit(asynchronous=False)  # after the copy: a crash repeats records, which the upsert absorbs
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
