"""Tokens and cookies, as merchants send them with an order, against real tables."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import get_args

import asyncpg
import pytest

from identity.cookie import CookieClaims, CookieKeys, seal_cookie
from identity.keys import destroy, rotate
from identity.token import TokenKeys, make_token
from storage.read.attribution import Attribution, Problem, Unattributed
from storage.read.attribution_claims import EXPLANATIONS, attribute_cookie, attribute_token, list_click_cookies
from tests.console.builders import NOW, enriched_click, open_tables, store, ulid_at
from tests.identity.builders import NONCE, known_ring, randomness

DAY_S = 86_400
RING = known_ring()
KEYS = TokenKeys(RING)
COOKIE_KEYS = CookieKeys(RING)
CLICK = enriched_click(program_id="shoes")
NAME = "__Secure-cr-shoes"


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        await store(connection, [CLICK])
        yield connection


async def find_window(program_id: str) -> timedelta | None:
    return {"shoes": timedelta(days=30), "hats": timedelta(days=1)}.get(program_id)


def cookie(program_id: str = "shoes") -> str:
    name, now_s = f"__Secure-cr-{program_id}", int(NOW.timestamp())
    claims = CookieClaims(CLICK.click_id, CLICK.affiliate_id, program_id, now_s, now_s + 30 * DAY_S, CLICK.click_id)
    return f"{name}={seal_cookie(COOKIE_KEYS, name, claims, NONCE)}"


@pytest.mark.servers
async def test_a_genuine_token_is_attributed_to_its_click(tables: asyncpg.Connection) -> None:
    found = await attribute_token(tables, KEYS, make_token(KEYS, CLICK.click_id, "shoes"), find_window, NOW)

    assert isinstance(found, Attribution)
    assert (found.click_id, found.affiliate_id, found.status) == (CLICK.click_id, CLICK.affiliate_id, "valid")


@pytest.mark.servers
async def test_a_token_that_cannot_be_believed_says_why(tables: asyncpg.Connection) -> None:
    gone = TokenKeys(destroy(rotate(RING, "token", NOW, randomness(1)), "token", "k7"))
    token, missing = (make_token(KEYS, one, "shoes") for one in (CLICK.click_id, ulid_at(NOW, 9)))
    other = make_token(KEYS, CLICK.click_id, "hats")

    found = [await attribute_token(tables, KEYS, text, find_window, NOW) for text in (other, token[:-1], missing)]
    found += [await attribute_token(tables, gone, token, find_window, NOW)]

    assert found == [*map(Unattributed, ("forged", "malformed", "unknown_click", "destroyed_key"))]


@pytest.mark.servers
async def test_a_cookie_is_attributed_to_its_click_until_it_expires(tables: asyncpg.Connection) -> None:
    header = f"theme=dark; cr-theme=dark; {cookie()}"

    found, later = [
        await attribute_cookie(tables, COOKIE_KEYS, header, find_window, NOW + timedelta(days=days))
        for days in (29, 30)
    ]

    assert isinstance(found, Attribution)
    assert (found.click_id, found.age_s, found.status) == (CLICK.click_id, 29 * DAY_S, "valid")
    assert later == Unattributed("expired")


@pytest.mark.servers
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "malformed"),
        ("v1.k7.abc", "malformed"),
        (cookie().partition("=")[2], "malformed"),
        (cookie()[:-1] + ("A" if cookie()[-1] != "A" else "B"), "forged"),
        (cookie().replace("cr-shoes", "cr-hats"), "forged"),
        (f"{cookie()}; {cookie('hats')}", "several_cookies"),
    ],
)
async def test_a_cookie_that_cannot_be_believed_says_why(
    tables: asyncpg.Connection, text: str, reason: Problem
) -> None:
    assert await attribute_cookie(tables, COOKIE_KEYS, text, find_window, NOW) == Unattributed(reason)


def test_click_cookies_are_found_among_others() -> None:
    assert list_click_cookies("a=b; cr-session=x; cr-shop=v1.k7.x; =v1.; __Host-cr-hats = v1.zz.y") == {
        "cr-shop",
        "__Host-cr-hats",
    }


def test_every_reason_is_explained() -> None:
    reasons = {name for part in get_args(Problem) for name in (get_args(part) or (part,))}

    assert set(EXPLANATIONS) == reasons
