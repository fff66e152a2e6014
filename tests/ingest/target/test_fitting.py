"""Shortening a Location to its maximum length."""

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.token import make_token
from ingest.http.response import REDIRECT_CAP
from ingest.pipeline import build_location, build_location_without_click
from ingest.request.parameters import Parameters, read_parameters
from ingest.target.fitting import cut_value
from ingest.target.macros import encode_value
from schemas.fields import SUB_CAP
from tests.identity.builders import CLICK_ID
from tests.ingest.builders import MODEST, found, keys
from tests.ingest.serving import serving
from tests.ingest.wire import ask, request, send

TOKEN = make_token(keys().token, CLICK_ID, "shop")
PAGE = "https://shop.example/"


def locate(room: int, query: str, target: str = PAGE, **program: str) -> tuple[str, bool]:
    aimed = build_location(keys(), found(target_url=target, **program), CLICK_ID, read_parameters(query), query, room)
    return aimed.location, aimed.is_cut


def test_what_fits_is_left_as_it_is() -> None:
    whole = f"{PAGE}?t={TOKEN}&a=1&b=2"
    assert locate(len(whole), "a=1&b=2", token_parameter="t", pass_query="all") == (whole, False)


def test_parameters_that_do_not_fit_are_left_out_whole_and_those_behind_them_still_go_on() -> None:
    room = len(f"{PAGE}?t={TOKEN}&a=1&c=3")
    kept = f"{PAGE}?t={TOKEN}&a=1&c=3"
    assert locate(room, "a=1&long=long&c=3&d=4", token_parameter="t", pass_query="all") == (kept, True)
    assert locate(room, "a=1&long=long&c=3", PAGE + "#x", pass_query="all") == (f"{PAGE}?a=1&long=long&c=3#x", False)


def test_values_of_macros_give_way_last_and_the_longest_first() -> None:
    target = PAGE + "{code}?a={sub1}&b={sub2}&c={click_id}&d={affiliate_id}"
    least = f"{PAGE}abc123?a=&b=&c={CLICK_ID}&d=ann"
    query = f"sub1={'x' * 50}&sub2=short&p=1"
    full = f"{PAGE}abc123?a={'x' * 50}&b=short&c={CLICK_ID}&d=ann"

    assert locate(len(full), query, target, pass_query="all") == (full, True)
    for room in range(len(least), len(full)):
        location, is_cut = locate(room, query, target, pass_query="all")
        over = len(full) - room
        kept = ("x" * (50 - over), "short") if over <= 45 else ("x" * ((55 - over) // 2), "short"[: (55 - over) // 2])
        assert (location, is_cut) == (f"{PAGE}abc123?a={kept[0]}&b={kept[1]}&c={CLICK_ID}&d=ann", True)
    assert locate(0, query, target, pass_query="all") == (least, True)


def test_what_is_stored_or_is_of_the_click_is_never_cut() -> None:
    target = PAGE + "{click_token}" * 3 + "/" + "s" * 300
    assert locate(100, "a=1", target, pass_query="all") == (PAGE + TOKEN * 3 + "/" + "s" * 300, True)


@pytest.mark.parametrize(
    ("value", "length", "kept"),
    [
        ("abc", 3, "abc"),
        ("abc", 2, "ab"),
        ("a%20b", 3, "a"),
        ("a%20b", 2, "a"),
        ("a%20b", 4, "a%20"),
        ("%C3%A9x", 5, ""),
        ("%C3%A9x", 6, "%C3%A9"),
        ("%F0%9F%92%A9", 11, ""),
        ("..x", 2, ""),
        ("abc", 0, ""),
    ],
)
def test_a_value_is_cut_between_characters(value: str, length: int, kept: str) -> None:
    assert cut_value(value, length) == kept


@MODEST
@given(st.text(max_size=20), st.integers(0, 200))
def test_a_cut_value_is_a_beginning_of_the_value(value: str, length: int) -> None:
    cut = unquote(cut_value(encode_value(value), length), errors="strict")
    assert value.startswith(cut)
    assert len(quote(cut, safe="")) <= length


texts = st.text("aé\u2603%& .", max_size=SUB_CAP)


@MODEST
@given(
    target=st.sampled_from([PAGE, PAGE + "{sub1}", PAGE + "?a={sub1}&b={sub1}{sub2}#{external_id}", PAGE + "?t=1"]),
    values=st.fixed_dictionaries(dict.fromkeys(("sub1", "sub2", "external_id", "p", "q"), texts)),
    room=st.integers(150, 3000),
    token=st.sampled_from([None, "clickid"]),
)
def test_no_location_is_longer_than_its_room(target: str, values: dict[str, str], room: int, token: str | None) -> None:
    query = "&".join(f"{name}={quote(value)}" for name, value in values.items())
    referral, parameters = found(target_url=target, token_parameter=token, pass_query="all"), read_parameters(query)
    aimed = build_location(keys(), referral, CLICK_ID, parameters, query, room)

    assert len(aimed.location) <= room
    assert len(build_location_without_click(target, referral, parameters, query, room)) <= room
    assert aimed.is_cut == (len(build_location(keys(), referral, CLICK_ID, parameters, query, 10**6).location) > room)
    assert (token is None) or f"clickid={TOKEN}" in aimed.location
    unquote(aimed.location, errors="strict")


def test_of_a_visitor_without_values_nothing_is_cut() -> None:
    assert (
        build_location(keys(), found(target_url=PAGE + "{sub1}"), CLICK_ID, Parameters({}, None, None), "", 0).location
        == PAGE
    )


@pytest.mark.parametrize("asks_for_hints", [False, True])
@pytest.mark.parametrize("policy", ["full", "no_cookie"])
async def test_the_whole_head_of_a_redirect_stays_below_what_nginx_takes(*, policy: str, asks_for_hints: bool) -> None:
    target, passed = PAGE + "s" * (1924 - len(PAGE)), "&".join(f"p{number:02}={'x' * 90}" for number in range(20))
    referral = found(
        target_url=target,
        pass_query="all",
        token_parameter="clickid",
        privacy=policy,
        accept_client_hints=asks_for_hints,
    )
    async with serving({"abc123": referral}) as served:
        (answer,) = await send(served.port, request(f"/ref/abc123?{passed}"))
        (click,) = (await served.published()).clicks()
    head = sum(len(name) + len(value) + 4 for name, value in answer.headers.items()) + len("HTTP/1.1 302 Found\r\n\r\n")
    assert REDIRECT_CAP - 120 < head <= REDIRECT_CAP
    assert answer.location == click.target_url
    assert click.target_url.startswith(f"{target}?clickid={click.click_id}.")
    assert click.truncated == ["target_url"]


async def test_a_smaller_head_is_a_setting_that_holds_for_every_redirect() -> None:
    query = "&".join(f"p{number:02}={'x' * 90}" for number in range(20))
    codes = {
        "abc123": found(pass_query="all"),
        "paused": found(pass_query="all", status="paused"),
    }
    async with serving(codes, location_cap=500) as served:
        for code in codes:
            for method in ("GET", "HEAD"):
                answer = await ask(served.port, f"/ref/{code}?{query}", method=method)
                assert 200 < len(answer.location or "") + len(answer.headers.get("Set-Cookie", "")) <= 500


async def test_nothing_is_said_to_be_cut_where_nothing_was() -> None:
    async with serving({"abc123": found(pass_query="all")}) as served:
        await ask(served.port, "/ref/abc123?a=1")
        (click,) = (await served.published()).clicks()
    assert click.truncated == []
