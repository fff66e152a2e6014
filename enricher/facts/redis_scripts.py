"""The scripts that run in Redis, and how what they are given and what they answer is packed.

Thousands of small answers would cost redis-py more than everything else; a script gives them as one text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from struct import Struct, unpack_from
from typing import Final

from redis.asyncio.client import Pipeline

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


def call(pipeline: Pipeline, script: str, keys: Sequence[bytes], arguments: Sequence[bytes | int] = ()) -> None:
    """Queue a script. By its text: EVALSHA would need a second round after each restart of Redis."""
    pipeline.execute_command("EVAL", script, len(keys), *keys, *arguments)


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
