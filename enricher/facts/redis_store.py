"""The store of windows in Redis: one script call reads for a whole batch, and one writes.

The scripts only carry: what the values mean is decided in `quality`. Thousands of small answers would cost redis-py
more than everything else; a script gives them as one text.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from struct import Struct, unpack_from
from typing import Any, Final, TypeVar

import msgspec
import redis.asyncio
from redis.asyncio.client import Pipeline

from quality.window_store import Answers, Reads, Writes

KEYS_AT_ONCE: Final = 2000
"""Redis serves nobody else during a script: this many keys take it about 2 ms."""
T = TypeVar("T")
Wait = Callable[[Awaitable[list[Any]]], Awaitable[list[Any]]]
"""Waits for what was sent to Redis, for as long as may be."""

SIZE: Final = Struct(">I")
NUMBERS: Final = Struct(">2I")
ABSENT: Final = 0xFFFF_FFFF
SIZES: Final = [bytes([size]) for size in range(256)]

READ_STATE: Final = """
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local evicted = string.match(redis.call('INFO', 'stats'), 'evicted_keys:(%d+)')
return {server or '', evicted or '0', redis.call('GET', KEYS[1]) or ''}
"""
READ_VALUES: Final = """
local prefix, keys, sizes, values, at = ARGV[1], ARGV[2], {}, {}, 1
while at <= #keys do
    local key, next = struct.unpack('Bc0', keys, at)
    local value = redis.call('GET', prefix .. key)
    if value then values[#values + 1] = value end
    sizes[#sizes + 1] = value and struct.pack('>I4', #value) or '\\255\\255\\255\\255'
    at = next
end
return table.concat(sizes) .. table.concat(values)
"""
"""All keys are one argument, each after its size: redis-py takes 2 us for an argument, and a click reads five keys.

The answer is all sizes, and then the values that there are: most keys have none."""
READ_SUMS: Final = """
local out = {}
for _, key in ipairs(KEYS) do
    local fields = redis.call('HGETALL', key)
    out[#out + 1] = struct.pack('>I4', #fields)
    for _, text in ipairs(fields) do out[#out + 1] = struct.pack('>I4', #text) .. text end
end
return table.concat(out)
"""
CLAIM: Final = """
local prefix, claims, sizes, values, at = ARGV[1], ARGV[2], {}, {}, 1
while at <= #claims do
    local key, value, ttl, _, next = struct.unpack('>Bc0Bc0I4I4', claims, at)
    local old = redis.call('SET', prefix .. key, value, 'NX', 'GET', 'EX', ttl)
    if old then values[#values + 1] = old end
    sizes[#sizes + 1] = old and struct.pack('>I4', #old) or '\\255\\255\\255\\255'
    at = next
end
return table.concat(sizes) .. table.concat(values)
"""
APPEND: Final = """
local prefix, appends, at = ARGV[1], ARGV[2], 1
while at <= #appends do
    local name, entry, ttl, limit, next = struct.unpack('>Bc0Bc0I4I4', appends, at)
    local key = prefix .. name
    if redis.call('STRLEN', key) < limit then
        redis.call('APPEND', key, entry)
        redis.call('EXPIRE', key, ttl)
    end
    at = next
end
"""
ADD: Final = """
for i, key in ipairs(KEYS) do
    redis.call('HINCRBY', key, ARGV[3 * i - 2], ARGV[3 * i - 1])
    redis.call('EXPIRE', key, ARGV[3 * i])
end
"""


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


def call(pipeline: Pipeline, script: str, keys: Sequence[bytes], arguments: Sequence[bytes | int] = ()) -> None:
    """Queue a script. By its text: EVALSHA would need a second round after each restart of Redis."""
    pipeline.execute_command("EVAL", script, len(keys), *keys, *arguments)


async def run(pipeline: Pipeline, wait: Wait) -> list[Any]:
    return await wait(pipeline.execute()) if len(pipeline) else []


def pack_keys(keys: Iterable[bytes]) -> bytes:
    return b"".join([SIZES[len(key)] + key for key in keys])


def pack_entries(entries: Iterable[tuple[bytes, bytes, int, int]]) -> bytes:
    """Pack keys and values, each after its size, and two numbers."""
    return b"".join(
        [
            SIZES[len(key)] + key + SIZES[len(value)] + value + pack_numbers(first, second)
            for key, value, first, second in entries
        ]
    )


@lru_cache(256)
def pack_numbers(first: int, second: int) -> bytes:
    return NUMBERS.pack(first, second)


def read_values(texts: Sequence[bytes], chunks: Sequence[Sequence[object]]) -> list[bytes | None]:
    """Read the answers of scripts, one for each chunk: the size of every value, then those values that there are."""
    values: list[bytes | None] = []
    # The scripts that only write have no answer.
    for text, chunk in zip(texts, chunks, strict=False):
        start = len(chunk) * SIZE.size
        for size in unpack_from(f">{len(chunk)}I", text):
            if size == ABSENT:
                values.append(None)
            else:
                values.append(text[start : start + size])
                start += size
    return values


def read_sums(text: bytes) -> Iterator[Mapping[bytes, int]]:
    """Read the sums of a script's answer: the number of texts, then fields and numbers in turns."""
    start = 0
    while start < len(text):
        (count,) = SIZE.unpack_from(text, start)
        start += SIZE.size
        texts = []
        for _ in range(count):
            (size,) = SIZE.unpack_from(text, start)
            start += SIZE.size
            texts.append(text[start : start + size])
            start += size
        yield {field: int(number) for field, number in zip(texts[::2], texts[1::2], strict=True)}
