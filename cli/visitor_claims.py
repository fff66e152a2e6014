"""Deletes what Redis has of erased clicks: claims of unique windows, verdicts, and entries in the logs of networks."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import redis.asyncio

    from storage.erasure.request import ClaimedClick, ForgetClaims

TIMEOUT_S: Final = 5.0
AT_ONCE: Final = 200

DELETE_CLAIMS: Final = """
local deleted = redis.call('DEL', KEYS[1])
for i = 2, #KEYS do
    if redis.call('GET', KEYS[i]) == ARGV[1] then deleted = deleted + redis.call('DEL', KEYS[i]) end
end
return deleted
"""
"""Deletes the click's own verdict, and the claims that it holds: another click's claims of the visitor stay."""
DELETE_ENTRY: Final = """
local log, size = redis.call('GET', KEYS[1]), tonumber(ARGV[2])
if not log then return 0 end
local kept, removed = {}, 0
for at = 1, #log, size do
    local entry = string.sub(log, at, at + size - 1)
    if string.sub(entry, 1, 16) == ARGV[1] then removed = removed + 1 else kept[#kept + 1] = entry end
end
if removed > 0 then
    if #kept > 0 then redis.call('SET', KEYS[1], table.concat(kept), 'KEEPTTL') else redis.call('DEL', KEYS[1]) end
end
return removed
"""


@asynccontextmanager
async def open_claims(url: str, prefix: str) -> "AsyncIterator[ForgetClaims]":
    """Give what deletes claims. Raises CommandError when Redis does not answer."""
    from redis.exceptions import RedisError

    from cli.database import CommandError
    from runtime.redis import connect_redis

    client = connect_redis(url, TIMEOUT_S)
    try:
        await client.ping()

        async def forget(clicks: "Sequence[ClaimedClick]") -> int:
            return sum(
                [
                    await delete_claims(client, prefix.encode() + b":", clicks[start : start + AT_ONCE])
                    for start in range(0, len(clicks), AT_ONCE)
                ]
            )

        yield forget
    except RedisError as error:
        raise CommandError(
            f"Redis does not answer ({type(error).__name__}): CLICKRAIL_REDIS_URL says where to look for it."
            " Run the command again, or with --no-redis: what Redis has of clicks expires"
        ) from None
    finally:
        await client.aclose()


async def delete_claims(client: "redis.asyncio.Redis", prefix: bytes, clicks: "Sequence[ClaimedClick]") -> int:
    from quality.claim_keys import ENTRY_BYTES, list_claims, log_key, verdict_key
    from quality.click_ids import pack_id

    pipeline = client.pipeline(transaction=False)
    for one in clicks:
        keys, packed = [verdict_key(one.click_id)], pack_id(one.click_id)
        if one.client_hash:
            keys += list_claims(one.program_id, one.client_hash, one.window_s, one.clicked_at)
        pipeline.execute_command("EVAL", DELETE_CLAIMS, len(keys), *(prefix + key for key in keys), packed)
        if one.net_hash:
            key = prefix + log_key(one.net_hash, one.clicked_at)
            pipeline.execute_command("EVAL", DELETE_ENTRY, 1, key, packed, ENTRY_BYTES)
    return sum(await pipeline.execute()) if clicks else 0
