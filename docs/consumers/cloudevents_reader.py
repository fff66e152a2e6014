"""Reads Clickrail's public topics as CloudEvents, with the CloudEvents SDK and confluent-kafka.

    KAFKA=127.0.0.1:19092 GROUP=my-team python cloudevents_reader.py clicks.enriched clicks.rejected

It follows the topics until Ctrl-C.
"""

import json
import os
import signal
import sys
from threading import Event

from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from confluent_kafka import Consumer, KafkaException, Message

KNOWN = {f"io.clickrail.click.{kind}.v1" for kind in ("enriched", "rejected", "dead")}
BATCH = 500


def handle(event: BaseCloudEvent) -> None:
    """Put your work here. It may see an event again: source and id together tell."""
    print(event.get_type(), event.get_extension("partitionkey") or "", json.dumps(event.get_data()), sep="\t")


def read(message: Message) -> None:
    headers = {name: value for name, value in dict(message.headers() or []).items() if isinstance(value, bytes)}
    event = from_binary_event(KafkaMessage(headers, message.key(), message.value() or b""))
    if event.get_type() not in KNOWN:
        place = f"{message.topic()}/{message.partition()}/{message.offset()}"
        sys.exit(f"{event.get_type()} at {place} is unknown to this reader")
    handle(event)


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
