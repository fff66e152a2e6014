"""Runs the samples of docs/consumers as they stand there, and reads what they print."""

import asyncio
import json
import os
import signal
import sys
import uuid
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from docs.generate import FOLDER
from tests.docs.consumers.topics import Topics, click_records, group_by_key, of_next_major, write
from tests.waiting import PATIENCE_S

SAMPLES: Final = FOLDER / "consumers"
PYTHON: Final = (sys.executable,)
Printed = tuple[str, str | None, Any]
"""Type, key and value of a record."""


class Ended(msgspec.Struct, frozen=True):
    code: int | None
    output: str
    errors: str


async def run(topics: Topics, *command: str | Path, lines: int | None = None, group: str = "") -> Ended:
    """Run a sample on the topics until it ends; with `lines` it is stopped by Ctrl-C when it has printed so many.

    It reads in a group of its own unless one is given.
    """
    environ = {**os.environ, "KAFKA": topics.kafka, "GROUP": group or f"{topics.prefix}{uuid.uuid4().hex}"}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(*command, *topics.names), stdout=pipe, stderr=pipe, env=environ, preexec_fn=heed_ctrl_c
    )
    assert process.stdout
    try:
        async with asyncio.timeout(PATIENCE_S):
            read = [await process.stdout.readline() for _ in range(lines or 0)]
            if lines and process.returncode is None:
                process.send_signal(signal.SIGINT)
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return Ended(process.returncode, (b"".join(read) + output).decode(), errors.decode())


def heed_ctrl_c() -> None:
    """End by Ctrl-C: what a shell runs in its background ignores it, and so would all programs that the tests start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@asynccontextmanager
async def running(topics: Topics, sample: str, *arguments: str | Path, group: str) -> AsyncIterator[Process]:
    """Run a sample in Python for the block, and kill it at the end."""
    environ = {**os.environ, "KAFKA": topics.kafka, "GROUP": topics.prefix + group}
    process = await asyncio.create_subprocess_exec(*PYTHON, SAMPLES / sample, *arguments, env=environ)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def assert_reads_all(topics: Topics, *reader: str | Path) -> None:
    ended = await run(topics, *reader, lines=len(topics.sent))

    assert (ended.code, ended.errors) == (0, "")
    assert_all(topics, printed(ended.output))


def assert_all(topics: Topics, found: Iterable[Printed]) -> None:
    """Each record was printed as often as it is in the topics, with its whole value, in the order of its key."""
    assert group_by_key(found) == group_by_key((one.kind, one.key, one.value) for one in topics.sent)


async def assert_goes_on(topics: Topics, *reader: str | Path) -> None:
    """A reader that was stopped goes on behind the last record that it has printed."""
    group = f"{topics.prefix}reader"
    for click in click_records()[:2]:
        await write(topics, [click])
        ended = await run(topics, *reader, lines=1, group=group)

        assert (ended.code, ended.errors) == (0, "")
        assert list(printed(ended.output)) == [(click.kind, click.key, click.value)]


async def assert_stops_at_next_major(topics: Topics, *reader: str | Path) -> None:
    group = f"{topics.prefix}reader"
    known, newer = (record := click_records()[0]), of_next_major(record)
    await write(topics, [known, newer])
    for _ in range(2):  # a second run stops there again: nothing was passed over
        ended = await run(topics, *reader, group=group)

        assert ended.code == 1
        assert f"{newer.kind} at {topics.prefix}" in ended.errors
        assert "is unknown to this reader" in ended.errors


def printed(output: str) -> Iterator[Printed]:
    """Read lines of type, key and JSON."""
    for line in output.splitlines():
        kind, key, value = line.split("\t")
        yield kind, key or None, json.loads(value)


def printed_with_headers(output: str, sign: str, no_key: str) -> Iterator[Printed]:
    """Read lines of headers, key and JSON, as kcat and Kafka's console consumer write them."""
    for line in output.splitlines():
        headers, key, value = line.split("\t")
        named = dict(header.split(sign, 1) for header in headers.split(","))
        yield named["ce_type"], None if key == no_key else key, json.loads(value)
