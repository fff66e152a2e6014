"""Items 15 and 16: a cookie that is not believed makes a new visitor, and the cookie's own attributes."""

from http.cookies import SimpleCookie

import pytest

from identity.cookie import CookieClaims, CookieKeys, seal_cookie
from ingest.pipeline import prepare_keys
from tests.ingest.builders import foreign_ring, found, keys
from tests.ingest.serving import Served, serving
from tests.ingest.wire import Answer, ask

NAME = "__Host-cr-shop"
CLICK_ID = "01KAV9FT00JCKYZSHQA40QNF51"
NOW_S = 1_764_000_000
NONCE = bytes(range(12))
FAR_S = 2**32 - 1


def sealed(
    of: CookieKeys, name: str = NAME, program_id: str = "shop", issued_at: int = 1, expires_at: int = FAR_S
) -> str:
    return seal_cookie(of, name, CookieClaims(CLICK_ID, "ann", program_id, issued_at, expires_at, CLICK_ID), NONCE)


GENUINE = sealed(keys().cookie)
AT = len("v1.k7.") + 20
NOT_BELIEVED = {
    "flipped bit": (GENUINE[:AT] + chr(ord(GENUINE[AT]) ^ 1) + GENUINE[AT + 1 :], "forged"),
    "truncated": (sealed(keys().cookie, program_id="shop" * 5)[:-4], "forged"),
    "truncated to half": (GENUINE[: len(GENUINE) // 2], "malformed"),
    "other kid": (GENUINE.replace(".k7.", ".q9."), "unknown_key"),
    "key of another installation": (sealed(prepare_keys(foreign_ring()).cookie), "unknown_key"),
    "other cookie's value": (sealed(keys().cookie, "__Host-cr-bags", "bags"), "forged"),
    "same program, other name": (sealed(keys().cookie, "cr-shop"), "forged"),
    "5 KB": ("v1.k7." + "A" * 5_000, "malformed"),
    "future timestamp": (sealed(keys().cookie, issued_at=FAR_S - 1), "from_future"),
    "expired": (sealed(keys().cookie, expires_at=2), "expired"),
    "no text": ("\udcff\udcfe", "malformed"),
    "empty": ("", "malformed"),
}


async def visit(served: Served, cookie: str) -> Answer:
    answer = await ask(served.port, "/ref/abc123", {"Cookie": cookie})
    assert answer.status == 302
    return answer


async def test_item_15_a_genuine_cookie_is_believed() -> None:
    async with serving() as served:
        await visit(served, f"{NAME}={GENUINE}")
        (click,) = (await served.published()).clicks()
    assert (click.cookie_state, click.previous_click_id) == ("valid", CLICK_ID)


@pytest.mark.parametrize("case", NOT_BELIEVED)
async def test_item_15_a_cookie_that_is_not_believed_makes_a_new_visitor_with_a_new_cookie(case: str) -> None:
    value, state = NOT_BELIEVED[case]
    async with serving() as served:
        answer = await visit(served, f"{NAME}={value}")
        (click,) = (await served.published()).clicks()
        again = await visit(served, "=".join(answer.cookie or ()))
        back = (await served.published()).clicks()[1]
    assert (click.cookie_state, click.previous_click_id) == (state, None)
    assert (back.cookie_state, back.previous_click_id) == ("valid", click.click_id)
    assert again.cookie != answer.cookie


@pytest.mark.parametrize("other", ["v1.k7.forged", GENUINE[:-1], NOT_BELIEVED["expired"][0], ""])
async def test_item_16_of_two_cookies_of_one_name_the_genuine_one_counts_wherever_it_stands(other: str) -> None:
    async with serving() as served:
        await visit(served, f"{NAME}={other}; {NAME}={GENUINE}")
        await visit(served, f"{NAME}={GENUINE}; a=b; {NAME}={other}")
        clicks = (await served.published()).clicks()
    assert [(click.cookie_state, click.previous_click_id) for click in clicks] == [("valid", CLICK_ID)] * 2


async def test_item_16_two_that_are_not_believed_are_treated_as_none() -> None:
    async with serving() as served:
        await visit(served, f"{NAME}={GENUINE[:60]}; {NAME}={GENUINE[60:]}")
        (click,) = (await served.published()).clicks()
    assert (click.cookie_state, click.previous_click_id) == ("malformed", None)


@pytest.mark.parametrize("days", [1, 30, 400])
async def test_item_16_the_cookies_name_and_attributes_leave_it_to_its_host_alone(days: int) -> None:
    async with serving({"abc123": found(cookie_window_days=days)}) as served:
        answer = await ask(served.port, "/ref/abc123", {"X-Forwarded-Proto": "http"})
    (morsel,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert morsel.key == NAME
    assert {name: value for name, value in morsel.items() if value} == {
        "path": "/",
        "max-age": str(days * 86_400),
        "secure": True,
        "httponly": True,
        "samesite": "Lax",
    }
    assert days <= 400
