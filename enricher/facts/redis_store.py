"""The store of windows in Redis: one script call reads for a whole batch, and one writes.

The scripts (`redis_scripts`) only carry: what the values mean is decided in `quality`.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec
import redis.asyncio
from redis.asyncio.client import Pipeline

from enricher.facts.redis_scripts import (
    ADD,
    APPEND,
    CLAIM,
    READ_STATE,
    READ_SUMS,
    READ_VALUES,
    call,
    pack_entries,
    pack_keys,
    read_sums,
    read_values,
)
from quality.window_store import Answers, Reads, Writes

KEYS_AT_ONCE: Final = 2000
"""Redis serves nobody else during a script: this many keys take it about 2 ms."""
T = TypeVar("T")
Wait = Callable[[Awaitable[list[Any]]], Awaitable[list[Any]]]
"""Waits for what was sent to Redis, for as long as may be."""


class StoreState(msgspec.Struct, frozen=True):
    """What tells whether the store may have lost keys: another server process, or more evicted keys, than before."""

    run_id: bytes
    evicted: bytes
    known: bytes

    @property
    def lineage(self) -> bytes:
        return self.run_id + b" " + self.evicted

    def read_since_ms(self) -> int | None:
        """Give since when the store knows every click; null when it may have lost some since that was written."""
        since, _, lineage = self.known.partition(b" ")
        return int(since) if since.isdigit() and lineage == self.lineage else None


class RedisStore:
    """Reads and writes for one batch. Raises what redis-py raises when Redis is away or refuses.

    `wait` waits for Redis, and for nothing else: what is sent is packed before, and read after it.
    """

    def __init__(self, client: redis.asyncio.Redis, prefix: str) -> None:
        self._client = client
        self._prefix = prefix.encode() + b":"
        self._since_key = self._prefix + b"u:since"

    async def read(self, reads: Reads, now_ms: int, wait: Wait) -> Answers:
        """Read, and learn since when the store knows every click: since now, if it may have lost any."""
        pipeline = self._client.pipeline(transaction=False)
        call(pipeline, READ_STATE, [self._since_key])
        chunks = list(split(reads.values, KEYS_AT_ONCE))
        for keys in chunks:
            call(pipeline, READ_VALUES, (), (self._prefix, pack_keys(keys)))
        call(pipeline, READ_SUMS, [self._prefix + key for key in reads.sums])
        (run_id, evicted, known), *texts, sums = await run(pipeline, wait)
        state = StoreState(run_id, evicted, known)
        since_ms = state.read_since_ms()
        if since_ms is None:
            since_ms = now_ms
            pipeline.set(self._since_key, b"%d %b" % (now_ms, state.lineage))
            await run(pipeline, wait)
        return Answers(read_values(texts, chunks), list(read_sums(sums)), since_ms)

    async def write(self, writes: Writes, wait: Wait) -> list[bytes | None]:
        """Write; give the answers to the claims."""
        pipeline = self._client.pipeline(transaction=False)
        chunks = list(split(writes.claims, KEYS_AT_ONCE))
        for claims in chunks:
            entries = ((one.key, one.value, one.ttl_s, 0) for one in claims)
            call(pipeline, CLAIM, (), (self._prefix, pack_entries(entries)))
        for appends in split(writes.appends, KEYS_AT_ONCE):
            entries = ((one.key, one.entry, one.ttl_s, one.limit) for one in appends)
            call(pipeline, APPEND, (), (self._prefix, pack_entries(entries)))
        for adds in split(writes.adds, KEYS_AT_ONCE):
            arguments = [part for one in adds for part in (one.field, one.number, one.ttl_s)]
            call(pipeline, ADD, [self._prefix + one.key for one in adds], arguments)
        return read_values(await run(pipeline, wait), chunks)


def split(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


async def run(pipeline: Pipeline, wait: Wait) -> list[Any]:
    return await wait(pipeline.execute()) if len(pipeline) else []
