"""Counts clicks of people by day (UTC) and code, each click once whatever happens, in a file of SQLite.

    KAFKA=127.0.0.1:19092 GROUP=my-counts python exactly_once_counter.py counts.sqlite clicks.enriched

It follows the topic until Ctrl-C. SQLite stands for any database that has transactions and unique keys.
"""

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Iterable
from threading import Event
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message

KNOWN = "io.clickrail.click.enriched.v1"
BATCH = 500
TABLES = """
    CREATE TABLE IF NOT EXISTS seen (click_id TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS counts (day TEXT, code TEXT, clicks INTEGER, PRIMARY KEY (day, code));
"""
COUNT = "INSERT INTO counts VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET clicks = clicks + 1"


def kind_of(message: Message) -> str:
    kind = dict(message.headers() or []).get("ce_type")
    return kind.decode() if isinstance(kind, bytes) else "A record without ce_type"


def read(message: Message) -> dict[str, Any]:
    if error := message.error():
        raise KafkaException(error)
    if (kind := kind_of(message)) != KNOWN:
        sys.exit(f"{kind} is unknown to this reader")
    record: dict[str, Any] = json.loads(message.value() or b"")
    return record


def is_of_a_person(click: dict[str, Any]) -> bool:
    return not (click["bot"]["is_bot"] or click["prefetch"] or click.get("is_test"))


def count(database: sqlite3.Connection, clicks: Iterable[dict[str, Any]]) -> None:
    """Count the clicks that were not counted before, all in one transaction."""
    with database:
        for click in clicks:
            is_new = database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (click["click_id"],)).rowcount
            if is_new and is_of_a_person(click):
                database.execute(COUNT, (click["clicked_at"][:10], click["code"]))


def main() -> None:
    stopping = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    database = sqlite3.connect(sys.argv[1])
    database.executescript(TABLES)
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ.get("KAFKA", "127.0.0.1:19092"),
            "group.id": os.environ.get("GROUP", "my-counts"),
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(sys.argv[2:] or ["clicks.enriched"])
    try:
        while not stopping.is_set():
            if messages := consumer.consume(BATCH, timeout=1.0):
                count(database, map(read, messages))
                # After the transaction: a crash between the two repeats the batch, of which nothing is new then.
                consumer.commit(asynchronous=False)
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
