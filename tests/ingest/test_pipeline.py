"""The steps from request to answer."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple, replace

from identity.cookie import CookieClaims, OpenedCookie
from identity.cookie_header import ProgramCookie
from identity.keys import KeyRing, destroy, rotate
from identity.token import verify_token
from identity.ulid import make_ulid, ulid_milliseconds
from ingest.pipeline import (
    DAY_S,
    NO_COOKIE,
    build_location,
    build_location_without_click,
    choose_claims,
    choose_lease,
    decide_privacy,
    make_program_cookie,
    make_set_cookie,
    prepare_keys,
    read_cookie,
)
from ingest.request.context import Visitor
from ingest.request.parameters import NO_PARAMETERS, Parameters
from schemas import Privacy
from tests.identity.builders import CLICK_ID, NONCE, NOW, NOW_S, randomness
from tests.ingest.builders import MODEST, SHOES, foreign_ring, found, headers, keys, ring
from tests.referrals.builders import program

COOKIE = make_program_cookie(program(), https=True)
LEASE = make_ulid(NOW_S * 1000 - 3_600_000, bytes(16))
CLAIMS = CookieClaims(CLICK_ID, "ann", "shop", NOW_S, NOW_S + 30 * DAY_S, LEASE)
VALID = Visitor("valid", CLAIMS)


def set_by(cookie: ProgramCookie, of: KeyRing | None = None) -> str:
    """The Set-Cookie header of a click, CLAIMS."""
    return make_set_cookie(prepare_keys(of) if of else keys(), cookie, CLAIMS, NONCE, NOW_S)


def sent_back(set_cookie: str) -> list[str]:
    """What a browser sends after it was given this cookie, among others."""
    return [f"theme=dark; {set_cookie.partition(';')[0]}; lang=pt"]


@pytest.mark.parametrize(
    ("fields", "seen", "decision"),
    [
        ({}, (False, False), "full"),
        ({"Sec-GPC": "1"}, (True, False), "anonymous"),
        ({"DNT": "1"}, (False, True), "no_cookie"),
        ({"Sec-GPC": "1", "DNT": "1"}, (True, True), "anonymous"),
    ],
)
def test_privacy_follows_the_strictest_policy_of_the_signals_seen(
    fields: dict[str, str], seen: tuple[bool, bool], decision: str
) -> None:
    policies = program(privacy_gpc="anonymous", privacy_dnt="no_cookie")
    assert decide_privacy(policies, headers(fields)) == Privacy(gpc=seen[0], dnt=seen[1], decision=decision)


@pytest.mark.parametrize(
    ("https", "domain", "name"),
    [
        (True, None, "__Host-cr-shop"),
        (True, "shop.example", "__Secure-cr-shop"),
        (False, None, "cr-shop"),
        (False, "shop.example", "cr-shop"),
    ],
)
def test_a_programs_cookie_is_named_by_what_it_may_promise(*, https: bool, domain: str | None, name: str) -> None:
    cookie = make_program_cookie(program(cookie_domain=domain, cookie_window_days=7), https=https)
    assert (cookie.name, cookie.window_s) == (name, 7 * DAY_S)
    assert (f"Domain={domain}" in cookie.attributes) == (domain is not None)


def test_a_visitor_is_recognised_by_the_cookie_that_was_set() -> None:
    visitor = read_cookie(keys(), COOKIE, sent_back(set_by(COOKIE)), NOW_S)
    assert visitor == Visitor("valid", OpenedCookie(*astuple(CLAIMS), "k7"))
    assert (visitor.previous_click_id, visitor.lease_click_id) == (CLICK_ID, LEASE)


def test_a_visitor_is_recognised_across_a_rotation_until_the_key_is_destroyed() -> None:
    lines = sent_back(set_by(COOKIE))
    rotated = rotate(ring(), "cookie", NOW, randomness(1))
    assert read_cookie(prepare_keys(rotated), COOKIE, lines, NOW_S).previous_click_id == CLICK_ID
    assert read_cookie(prepare_keys(destroy(rotated, "cookie", "k7")), COOKIE, lines, NOW_S) == Visitor(
        "destroyed_key", None
    )


@pytest.mark.parametrize(
    ("value", "now_s", "state"),
    [
        ("", NOW_S, "malformed"),
        ("v1.k7.short", NOW_S, "malformed"),
        ("x" * 5_000, NOW_S, "malformed"),
        ("v1.zz." + "A" * 200, NOW_S, "unknown_key"),
        ("\udcff", NOW_S, "malformed"),
        (None, NOW_S + 30 * DAY_S, "expired"),
        (None, NOW_S - DAY_S, "from_future"),
    ],
)
def test_a_cookie_that_is_not_believed_makes_a_new_visitor_and_says_why(
    value: str | None, now_s: int, state: str
) -> None:
    lines = sent_back(set_by(COOKIE) if value is None else f"{COOKIE.name}={value}")
    assert read_cookie(keys(), COOKIE, lines, now_s) == Visitor(state, None)


def test_a_cookie_of_another_installation_or_with_a_flipped_bit_is_not_believed() -> None:
    foreign = sent_back(set_by(COOKIE, foreign_ring()))
    line = sent_back(set_by(COOKIE))[0]
    at = line.index("v1.k7.") + 30
    flipped = line[:at] + ("A" if line[at] != "A" else "B") + line[at + 1 :]
    assert read_cookie(keys(), COOKIE, foreign, NOW_S).cookie_state in ("unknown_key", "forged")
    assert read_cookie(keys(), COOKIE, [flipped], NOW_S) == Visitor("forged", None)


def test_another_programs_cookie_is_nobodys_business() -> None:
    other = make_program_cookie(program(id="other"), https=True)
    assert read_cookie(keys(), COOKIE, sent_back(set_by(other)), NOW_S) == NO_COOKIE
    renamed = sent_back(set_by(other).replace(other.name, COOKIE.name))
    assert read_cookie(keys(), COOKIE, renamed, NOW_S) == Visitor("forged", None)


def test_the_codes_own_target_goes_before_its_programs() -> None:
    assert build_location(keys(), found(), CLICK_ID, NO_PARAMETERS).location == SHOES
    own = found(of_code={"target_url": "https://own.example/a%2Fb?z=a+b"})
    assert build_location(keys(), own, CLICK_ID, NO_PARAMETERS).location == "https://own.example/a%2Fb?z=a+b"


@pytest.mark.parametrize(
    ("own", "query", "source"),
    [
        (None, "", "program"),
        (None, "url=https://evil.example/", "program"),
        (None, "url=https://shop.example/red", "deep_link"),
        ("https://own.example/", "", "code"),
        ("https://own.example/", "url=https://evil.example/&a=b", "code"),
        ("https://own.example/", "url=https://shop.example/red&a=b", "deep_link"),
        # The same page, whoever asks for it: then the visitor chose it.
        ("https://shop.example/red", "url=https://shop.example/red", "deep_link"),
    ],
)
@pytest.mark.parametrize("room", [200, 4000])
@pytest.mark.parametrize("token", [None, "clickid"])
def test_it_is_told_whose_target_the_visitor_is_sent_to(
    own: str | None, query: str, source: str, room: int, token: str | None
) -> None:
    referral = found(
        of_code={"target_url": own}, deep_link_hosts=("shop.example",), pass_query="all", token_parameter=token
    )

    assert (
        build_location(keys(), referral, CLICK_ID, NO_PARAMETERS, query + "&long=" + "x" * 300, room).source == source
    )
    assert build_location(keys(), referral, CLICK_ID, NO_PARAMETERS, query, room).source == source


def test_macros_are_filled_with_what_is_known_of_the_click() -> None:
    target = "https://e.com/{code}/{program_id}?c={click_id}&t={click_token}&a={affiliate_id}&s={sub1}&x={external_id}"
    filled = build_location(
        keys(), found(target_url=target), CLICK_ID, Parameters({"sub1": "a&b"}, None, None)
    ).location
    query = parse_qs(urlsplit(filled).query, keep_blank_values=True)
    token = query.pop("t")[0]
    assert query == {"c": [CLICK_ID], "a": ["ann"], "s": ["a&b"], "x": [""]}
    assert urlsplit(filled).path == "/abc123/shop"
    assert verify_token(keys().token, token, "shop") == CLICK_ID


def test_no_parameter_poses_as_a_value_that_is_ours() -> None:
    posing = Parameters({"click_id": "X", "affiliate_id": "X", "code": "X"}, None, None)
    target = "https://e.com/?c={click_id}&a={affiliate_id}&k={code}"
    assert (
        build_location(keys(), found(target_url=target), CLICK_ID, posing).location
        == f"https://e.com/?c={CLICK_ID}&a=ann&k=abc123"
    )


def test_without_a_click_there_is_neither_id_nor_token() -> None:
    target = "https://e.com/?c={click_id}&t={click_token}&a={affiliate_id}&s={sub1}"
    parameters = Parameters({"sub1": "m"}, None, None)
    assert build_location_without_click(target, found(), parameters) == "https://e.com/?c=&t=&a=ann&s=m"


NEW_ID = make_ulid(NOW_S * 1000 + 1, bytes(16))
NEW = CookieClaims(NEW_ID, "bert", "shop", NOW_S + 9, NOW_S + 9 + DAY_S, NEW_ID)
KEPT = CookieClaims(CLICK_ID, "ann", "shop", NOW_S, NOW_S + 30 * DAY_S, NEW_ID)


@pytest.mark.parametrize(
    ("policy", "visitor", "lease", "claims"),
    [
        ("last", VALID, NEW_ID, NEW),
        ("last", VALID, LEASE, replace(NEW, lease_click_id=LEASE)),
        ("last", NO_COOKIE, NEW_ID, NEW),
        ("first", VALID, LEASE, None),
        ("first", VALID, NEW_ID, KEPT),
        ("first", Visitor("valid", replace(CLAIMS, lease_click_id=None)), None, None),
        ("first", NO_COOKIE, NEW_ID, NEW),
        ("first", Visitor("expired", None), NEW_ID, NEW),
        ("first", Visitor("forged", None), NEW_ID, NEW),
    ],
)
def test_the_first_valid_cookie_keeps_all_but_its_lease_where_the_program_says_so(
    policy: str, visitor: Visitor, lease: str | None, claims: CookieClaims | None
) -> None:
    assert choose_claims(program(cookie_policy=policy), visitor, replace(NEW, lease_click_id=lease)) == claims


@pytest.mark.parametrize(
    ("window_s", "after_ms", "kept"),
    [
        (86_400, 86_399_999, True),
        (86_400, 86_400_000, False),
        (1, 999, True),
        (1, 1000, False),
        (0, 0, False),
        (86_400, -1, True),
    ],
)
def test_a_lease_lasts_for_the_programs_unique_window(*, window_s: int, after_ms: int, kept: bool) -> None:
    now_ms = ulid_milliseconds(LEASE) + after_ms
    lease = choose_lease(program(unique_window_s=window_s), VALID, NEW_ID, now_ms)
    assert lease == (LEASE if kept else NEW_ID)


def test_a_visitor_without_a_lease_opens_a_window() -> None:
    none = Visitor("valid", replace(CLAIMS, lease_click_id=None))
    leases = [choose_lease(program(), visitor, NEW_ID, NOW_S * 1000) for visitor in (NO_COOKIE, none)]
    assert leases == [NEW_ID, NEW_ID]


times_ms = st.integers(0, 10 * 86_400_000)


@MODEST
@given(
    st.lists(times_ms, min_size=1, max_size=20).map(sorted),
    st.integers(0, 3 * 86_400),
    st.sampled_from(["last", "first"]),
)
def test_a_visitors_clicks_are_those_that_open_a_window_and_those_within_it(
    clicks_ms: list[int], window_s: int, policy: str
) -> None:
    shop = program(unique_window_s=window_s, cookie_policy=policy)
    visitor, opened, expected, unique = NO_COOKIE, None, [], []
    for place, after_ms in enumerate(clicks_ms):
        now_ms = NOW_S * 1000 + after_ms
        click_id = make_ulid(now_ms, bytes([place]) * 16)
        lease = choose_lease(shop, visitor, click_id, now_ms)
        unique.append(lease == click_id)
        claims = choose_claims(shop, visitor, CookieClaims(click_id, "ann", "shop", NOW_S, NOW_S + DAY_S, lease))
        visitor = Visitor("valid", claims) if claims else visitor
        is_first = opened is None or now_ms - opened >= window_s * 1000
        opened = now_ms if is_first or opened is None else opened
        expected.append(is_first)
        assert policy == "last" or visitor.previous_click_id == make_ulid(NOW_S * 1000 + clicks_ms[0], bytes(16))

    assert unique == expected
