"""What Redis refuses for good is in the log, with the setting to change and no secret; visitors notice nothing."""

import asyncio
import ssl
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis.asyncio
from redis.exceptions import ConnectionError as ConnectionBroken
from redis.exceptions import OutOfMemoryError, ResponseError
from structlog.testing import capture_logs

from referrals.lookup.answers import UNKNOWN_IN_POSTGRES, Found
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.lookup.redis_requests import AWAY
from referrals.metrics import LookupMetrics
from runtime.redis import connect_redis
from runtime.redis_refusals import REFUSALS, REPEAT_S, RefusalLog, explain_refusal
from tests.referrals.builders import PATIENT, get_signer, insert
from tests.security.certificates import make_authority, write_signed
from tests.waiting import eventually

SESAME = "open-sesame"
WRONG_PASSWORD = "Redis does not accept the user or password of this URL"
FORBIDDEN = (
    "the user of this URL needs GET, MGET, SET, EVAL, EVALSHA, STRLEN, APPEND, EXPIRE, HGETALL and HINCRBY on all keys"
    " that begin with CLICKRAIL_REDIS_PREFIX, and INFO"
)


async def refusal_of(url: str) -> str:
    """Ask until there is an answer, if only a refusal: on a busy machine 50 ms may not do for one."""
    client = connect_redis(url)

    async def ask() -> str | None:
        try:
            await client.mget(["a"])
        except AWAY as error:
            return explain_refusal(error)
        return "not refused"

    try:
        return await eventually(ask)
    finally:
        await client.aclose()


@pytest.fixture
async def forbidden(valkey: str) -> AsyncIterator[str]:
    """A URL of Redis whose user may do nothing but be there."""
    user, place = f"u{uuid.uuid4().hex[:8]}", urlsplit(valkey)
    async with redis.asyncio.Redis.from_url(valkey) as client:
        await client.execute_command("ACL", "SETUSER", user, "on", f">{SESAME}", "~*", "-@all", "+ping")
        yield f"redis://{user}:{SESAME}@{place.netloc}/0"
        await client.execute_command("ACL", "DELUSER", user)


@pytest.mark.servers
@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("redis://:{sesame}@{place}/0", WRONG_PASSWORD),
        ("redis://nobody:{sesame}@{place}/0", WRONG_PASSWORD),
        ("redis://{place}/9999", "Redis has no database with the number in this URL"),
        ("redis://{place}/0", "not refused"),
    ],
)
async def test_a_refusal_for_good_is_told_from_an_outage(valkey: str, url: str, problem: str) -> None:
    assert await refusal_of(url.format(sesame=SESAME, place=urlsplit(valkey).netloc)) == problem


async def test_a_certificate_that_nobody_vouches_for_is_a_refusal_too(tmp_path: Path) -> None:
    certificate, key = write_signed(make_authority("nobody we know"), tmp_path, "redis")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        problem = await refusal_of(f"rediss://127.0.0.1:{port}/0")
    assert problem == "the TLS handshake with Redis fails: unable to get local issuer certificate"


@pytest.mark.servers
async def test_what_its_user_may_not_do_is_a_refusal_too(forbidden: str) -> None:
    assert await refusal_of(forbidden) == FORBIDDEN


@pytest.mark.parametrize(
    "error", [ConnectionBroken("Connection refused"), TimeoutError(), OutOfMemoryError("OOM"), ResponseError("no")]
)
def test_an_outage_or_a_full_redis_is_none(error: Exception) -> None:
    assert explain_refusal(error) is None


def said_in(logs: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(line["setting"], line["problem"]) for line in logs if line["event"] == "redis refuses us"]


@pytest.mark.servers
@pytest.mark.parametrize("kind", ["wrong password", "forbidden"])
async def test_a_refusal_is_in_the_log_once_without_a_secret_and_codes_are_found_all_the_same(
    referrals_url: str, connection: asyncpg.Connection, valkey: str, forbidden: str, kind: str
) -> None:
    await insert(connection, "abc")
    url = f"redis://:{SESAME}@{urlsplit(valkey).netloc}/0" if kind == "wrong password" else forbidden
    settings = LookupSettings(database_url=referrals_url, redis_url=url, get_signer=get_signer, **PATIENT)
    expected = [("CLICKRAIL_REDIS_URL", WRONG_PASSWORD if kind == "wrong password" else FORBIDDEN)]
    REFUSALS._logged_at.clear()
    with capture_logs() as logs:
        async with open_lookup(settings, LookupMetrics()) as lookup:
            found, unknown = await lookup.find("abc"), await lookup.find("nobody")
            assert (type(found), unknown) == (Found, UNKNOWN_IN_POSTGRES)
            await eventually(lambda: said_in(logs) == expected)
            await asyncio.sleep(1.5)  # It is tried again each second, and that is not said again.
    assert said_in(logs) == expected
    assert SESAME not in str(logs)


def test_a_refusal_that_goes_on_is_said_each_minute() -> None:
    clock = [1000.0]
    refusals = RefusalLog(lambda: clock[0])
    with capture_logs() as logs:
        for seconds in (0.0, 1.0, REPEAT_S - 2, 1.0, REPEAT_S - 1, 1.0):
            clock[0] += seconds
            refusals.note(ResponseError("DB index is out of range"))
    assert [line["problem"] for line in logs] == ["Redis has no database with the number in this URL"] * 3
