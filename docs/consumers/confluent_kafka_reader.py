"""Reads Clickrail's public topics with confluent-kafka: type, key and JSON of each record, with tabs between.

    KAFKA=127.0.0.1:19092 GROUP=my-team python confluent_kafka_reader.py clicks.enriched clicks.rejected

It follows the topics until Ctrl-C.
"""

import json
import os
import signal
import sys
from threading import Event
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message

KNOWN = {f"io.clickrail.click.{kind}.v1" for kind in ("enriched", "rejected", "dead")}
BATCH = 500


def handle(kind: str, key: str | None, record: dict[str, Any]) -> None:
    """Put your work here. It may see a record again: write so that a second time does nothing, by key."""
    print(kind, key or "", json.dumps(record), sep="\t")


def kind_of(message: Message) -> str:
    kind = dict(message.headers() or []).get("ce_type")
    return kind.decode() if isinstance(kind, bytes) else "A record without ce_type"


def read(message: Message) -> None:
    if (kind := kind_of(message)) not in KNOWN:
        place = f"{message.topic()}/{message.partition()}/{message.offset()}"
        sys.exit(f"{kind} at {place} is unknown to this reader")
    key = message.key()
    # Fields that this reader does not know are of a later minor version: they are left alone.
    handle(kind, key.decode() if key else None, json.loads(message.value() or b""))


def follow(consumer: Consumer, stopping: Event) -> None:
    while not stopping.is_set():
        messages = consumer.consume(BATCH, timeout=1.0)
        for message in messages:
            if error := message.error():
                raise KafkaException(error)
            read(message)
        sys.stdout.flush()
        if messages:
            consumer.commit(asynchronous=False)  # after the work: a crash repeats records, and loses none


def main() -> None:
    stopping = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ.get("KAFKA", "127.0.0.1:19092"),
            "group.id": os.environ.get("GROUP", "my-team"),
            "auto.offset.reset": "earliest",  # a new group begins with the oldest record that is kept
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(sys.argv[1:] or ["clicks.enriched"])
    try:
        follow(consumer, stopping)
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
