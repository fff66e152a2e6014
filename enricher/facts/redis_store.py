"""The store of windows in Redis: one script call reads for a whole batch, and one writes.

The scripts only carry: what the values mean is decided in `quality`. Thousands of small answers would cost redis-py
more than everything else; a script gives them as one text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from struct import Struct
from typing import Any, Final, TypeVar

import msgspec
import redis.asyncio
from redis.asyncio.client import Pipeline

from quality.window_store import Answers, Reads, Writes

KEYS_AT_ONCE: Final = 2000
"""Redis serves nobody else during a script: this many keys take it about 2 ms."""
T = TypeVar("T")

SIZE: Final = Struct(">I")
ABSENT: Final = 0xFFFF_FFFF
SIZES: Final = [bytes([size]) for size in range(256)]

READ_STATE: Final = """
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local evicted = string.match(redis.call('INFO', 'stats'), 'evicted_keys:(%d+)')
return {server or '', evicted or '0', redis.call('GET', KEYS[1]) or ''}
"""
READ_VALUES: Final = """
local prefix, keys, out, at = ARGV[1], ARGV[2], {}, 1
while at <= #keys do
    local size = string.byte(keys, at)
    local value = redis.call('GET', prefix .. string.sub(keys, at + 1, at + size))
    out[#out + 1] = value and struct.pack('>I4', #value) .. value or '\\255\\255\\255\\255'
    at = at + 1 + size
end
return table.concat(out)
"""
"""All keys are one argument, each after its size: redis-py takes 2 us for an argument, and a click reads five keys."""
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
local out = {}
for i, key in ipairs(KEYS) do
    local value = redis.call('SET', key, ARGV[2 * i - 1], 'NX', 'GET', 'EX', ARGV[2 * i])
    out[i] = value and struct.pack('>I4', #value) .. value or '\\255\\255\\255\\255'
end
return table.concat(out)
"""
APPEND: Final = """
for i, key in ipairs(KEYS) do
    if redis.call('STRLEN', key) < tonumber(ARGV[3 * i - 1]) then
        redis.call('APPEND', key, ARGV[3 * i - 2])
        redis.call('EXPIRE', key, ARGV[3 * i])
    end
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
    """Reads and writes for one batch. Raises what redis-py raises when Redis is away or refuses."""

    def __init__(self, client: redis.asyncio.Redis, prefix: str) -> None:
        self._client = client
        self._prefix = prefix.encode() + b":"
        self._since_key = self._prefix + b"u:since"

    async def read(self, reads: Reads, now_ms: int) -> Answers:
        """Read, and learn since when the store knows every click: since now, if it may have lost any."""
        pipeline = self._client.pipeline(transaction=False)
        call(pipeline, READ_STATE, [self._since_key])
        for keys in split(reads.values, KEYS_AT_ONCE):
            call(pipeline, READ_VALUES, (), (self._prefix, b"".join([SIZES[len(key)] + key for key in keys])))
        call(pipeline, READ_SUMS, self._names(reads.sums))
        (run_id, evicted, known), *values, sums = await run(pipeline)
        state = StoreState(run_id, evicted, known)
        since_ms = state.read_since_ms()
        if since_ms is None:
            since_ms = now_ms
            await self._client.set(self._since_key, b"%d %b" % (now_ms, state.lineage))
        return Answers([one for text in values for one in read_values(text)], list(read_sums(sums)), since_ms)

    async def write(self, writes: Writes) -> list[bytes | None]:
        """Write; give the answers to the claims."""
        pipeline = self._client.pipeline(transaction=False)
        for claims in split(writes.claims, KEYS_AT_ONCE):
            arguments = [part for claim in claims for part in (claim.value, claim.ttl_s)]
            call(pipeline, CLAIM, self._names(claim.key for claim in claims), arguments)
        chunks = len(pipeline)
        for appends in split(writes.appends, KEYS_AT_ONCE):
            arguments = [part for one in appends for part in (one.entry, one.limit, one.ttl_s)]
            call(pipeline, APPEND, self._names(one.key for one in appends), arguments)
        for adds in split(writes.adds, KEYS_AT_ONCE):
            arguments = [part for one in adds for part in (one.field, one.number, one.ttl_s)]
            call(pipeline, ADD, self._names(one.key for one in adds), arguments)
        answers = await run(pipeline)
        return [one for text in answers[:chunks] for one in read_values(text)]

    def _names(self, keys: Iterable[bytes]) -> list[bytes]:
        return [self._prefix + key for key in keys]


def split(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def call(pipeline: Pipeline, script: str, keys: Sequence[bytes], arguments: Sequence[bytes | int] = ()) -> None:
    """Queue a script. By its text: EVALSHA would need a second round after each restart of Redis."""
    pipeline.execute_command("EVAL", script, len(keys), *keys, *arguments)


async def run(pipeline: Pipeline) -> list[Any]:
    return await pipeline.execute() if len(pipeline) else []


def read_values(text: bytes) -> Iterator[bytes | None]:
    """Read the values of a script's answer, each after its size."""
    start = 0
    while start < len(text):
        (size,) = SIZE.unpack_from(text, start)
        start += SIZE.size
        if size == ABSENT:
            yield None
            continue
        yield text[start : start + size]
        start += size


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
