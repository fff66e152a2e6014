"""Rows back to records: what comes out is what went in."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from schemas import Bot, ClientHints, Device, EnrichedClick, Geo, KeyIds, Privacy, Referrer, Utm, decode
from storage.read.finding import find_click, find_letters, find_rejection
from storage.read.letter_names import LetterName
from storage.read.records import StoredClick, StoredLetter, StoredRejection
from tests.console.builders import NOW, dead_letter, enriched_click, handled, open_tables, rejected_click, store
from tests.schemas.test_codec import read_example

pytestmark = pytest.mark.servers

NOTHING_KNOWN = enriched_click(
    user_agent=None,
    accept_language=None,
    sub1=None,
    utm=None,
    ad_ids=None,
    ip_hash=None,
    ip_hash_key_id=None,
    geo=Geo(status="no_database"),
    device=Device(type="other"),
    referrer=Referrer(url=None, host=None, medium="direct"),
    bot=Bot(is_bot=True, reasons=["no_user_agent"]),
    handled=handled(sequence=None, cache=None, steps_us={}, key_ids=KeyIds()),
)
ALL_KNOWN = enriched_click(
    client_hints=ClientHints(ua='"Chromium";v="142"', mobile="?0", platform='"Linux"'),
    sub5="five",
    external_id="order-7",
    utm=Utm(source="a", medium="b", campaign="c", term="d", content="e"),
    previous_click_id="01KAT301V8C3Q9GZ2F5B7N4M6P",
    privacy=Privacy(gpc=True, dnt=True, decision="no_cookie"),
    target_source="deep_link",
    prefetch=True,
    is_test=True,
    truncated=["referrer", "query"],
    bot=Bot(is_bot=True, reasons=["crawler_user_agent", "http_library"], rules="3", kind="bot"),
)
EXAMPLE = decode(EnrichedClick, read_example("clicks.enriched/good/quality.json"))
assert isinstance(EXAMPLE, EnrichedClick)
# The example's id and time are not of one moment.
JUDGED = msgspec.structs.replace(EXAMPLE, click_id=enriched_click().click_id, clicked_at=enriched_click().clicked_at)


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        yield connection


@pytest.mark.parametrize(
    "click", [enriched_click(), NOTHING_KNOWN, ALL_KNOWN, JUDGED], ids=["usual", "nothing", "all", "judged"]
)
async def test_a_click_comes_back_as_it_was(tables: asyncpg.Connection, click: EnrichedClick) -> None:
    await store(tables, [click])
    found = await find_click(tables, click.click_id)

    assert isinstance(found, StoredClick)
    assert found.click == click
    assert found.enriched_at == click.published_at + timedelta(milliseconds=230)
    assert found.stored_at is not None


async def test_a_rejection_comes_back_but_for_its_steps(tables: asyncpg.Connection) -> None:
    rejection = rejected_click(affiliate_id="aff_lisbon", program_id="prg_shoes", reason="R201")
    await store(tables, [rejection])
    found = await find_rejection(tables, rejection.rejection_id)

    assert isinstance(found, StoredRejection)
    assert found.rejection == rejection
    assert found.published_at == NOW + timedelta(milliseconds=12)


@pytest.mark.parametrize("key", [b"\x00\xff", None])
async def test_a_dead_letter_comes_back_to_its_last_byte(tables: asyncpg.Connection, key: bytes | None) -> None:
    value = bytes(range(256))
    letter = dead_letter(key=key, value=value, digest=hashlib.sha256(value).hexdigest(), size=256)
    await store(tables, [letter])
    (found,) = await find_letters(tables, LetterName("clicks.raw", 3, 42))

    assert isinstance(found, StoredLetter)
    assert found.letter == letter
