"""The records of clicks and rejections."""

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import pytest

from identity.cookie import CookieClaims
from identity.ip import hash_ip, open_ip
from ingest.record import record_click, record_rejection
from ingest.refusals import Refusal, refuse_code
from ingest.request.context import ClickDraft, RequestContext, ResolvedTarget, StepTimes, Visitor
from ingest.request.parameters import NO_PARAMETERS, Parameters, read_parameters
from referrals.lookup.answers import Found
from schemas import ClientHints, Fetch, Handled, KeyIds, Privacy, RawClick, RejectedClick, Utm, decode, encode
from schemas.fields import HINT_CAP, QUERY_CAP, REFERRER_CAP, USER_AGENT_CAP
from schemas.reasons import MALFORMED_CODE, PAUSED_PROGRAM
from tests.identity.builders import CLICK_ID, NONCE, NOW_S, OTHER_CLICK_ID
from tests.ingest.builders import PROCESS, SHOES, VISITOR, found, keys, site, visit

NOW_MS = NOW_S * 1000 + 7
LEASE = "01KAV9FT00JCKYZSHQA40QNF50"
STEPS = {"match": 1, "total": 9}
CLAIMS = CookieClaims(OTHER_CLICK_ID, "ann", "shop", NOW_S, NOW_S + 9, LEASE)
FULL = Privacy(gpc=False, dnt=False, decision="full")


def made(referral: Found | None = None, parameters: Parameters = NO_PARAMETERS, **changes: Any) -> ClickDraft:
    fields: dict[str, Any] = {
        "found": referral or found(),
        "click_id": CLICK_ID,
        "now_ms": NOW_MS,
        "privacy": FULL,
        "visitor": Visitor("valid", CLAIMS),
        "set_cookie": "a=b",
        "parameters": parameters,
        "target": ResolvedTarget(SHOES, has_token=False, is_cut=False, source="program"),
        "limit": None,
        "is_test": False,
        "steps_us": STEPS,
    }
    return ClickDraft(**fields | changes)


def click(visited: RequestContext, of: ClickDraft | None = None) -> RawClick:
    """Record a click, and read it again as the enricher does."""
    record = record_click(visited, of or made(), site(), keys(), 3, NONCE)
    read = decode(RawClick, encode(record))
    assert read == record
    return record


def rejection(visited: RequestContext, refusal: Refusal) -> RejectedClick:
    record = record_rejection(visited, refusal, site(), keys().ip_hash, CLICK_ID, NOW_MS)
    assert decode(RejectedClick, encode(record)) == record
    return record


def test_a_click_is_written_down_whole() -> None:
    query = "sub1=mail&utm_source=news&gclid=G1"
    fields = {"User-Agent": "UA", "Referer": "https://r.example/", "Accept-Language": "pt", "Sec-CH-UA-Mobile": "?1"}
    written = click(visit(query=query, fields=fields), made(parameters=read_parameters(query)))
    assert written == RawClick(
        click_id=CLICK_ID,
        clicked_at=datetime.fromtimestamp(NOW_S, UTC).replace(microsecond=7000),
        code="abc123",
        affiliate_id="ann",
        program_id="shop",
        host="go.shop.example",
        path="/ref/abc123",
        query=query,
        target_url=SHOES,
        target_source="program",
        referrer="https://r.example/",
        user_agent="UA",
        accept_language="pt",
        client_hints=ClientHints(mobile="?1"),
        sub1="mail",
        utm=Utm(source="news"),
        ad_ids={"gclid": "G1"},
        previous_click_id=OTHER_CLICK_ID,
        lease_click_id=LEASE,
        cookie_state="valid",
        privacy=FULL,
        unique_window_s=86_400,
        ip_sealed=written.ip_sealed,
        handled=Handled(
            region="lisbon-1",
            process=PROCESS,
            sequence=3,
            cache="process",
            steps_us=STEPS,
            key_ids=KeyIds(cookie="k7", ip_seal="k7"),
        ),
    )


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::9", "::ffff:203.0.113.9"])
def test_the_address_is_sealed_for_this_click_and_stands_nowhere_else(address: str) -> None:
    written = click(visit(address=ip_address(address)))
    expected = ip_address(address.removeprefix("::ffff:"))
    assert isinstance(expected, IPv4Address | IPv6Address)
    assert open_ip(keys().ip_seal, written.ip_sealed or "", CLICK_ID) == expected
    assert str(expected).encode() not in encode(written)
    assert expected.packed not in encode(written)


def test_key_ids_name_the_keys_that_were_used_and_no_other() -> None:
    with_token = made(target=ResolvedTarget(SHOES, has_token=True, is_cut=False, source="program"), set_cookie=None)
    assert click(visit(), with_token).handled.key_ids == KeyIds(token="k7", ip_seal="k7")


def test_what_was_cut_is_named_and_every_text_is_clean() -> None:
    fields = {
        "Host": "h\x9b" * 300,
        "User-Agent": "\udcff" * 600,
        "Referer": "r" * 2000,
        "Accept-Language": "a" * 200,
        "Sec-CH-UA": "\0" * 10 + "b" * 300,
        "Sec-CH-UA-Platform": "c" * 300,
        "Sec-CH-UA-Model": "d" * 300,
        "Sec-CH-UA-Platform-Version": "e\x7f" * 20,
        "Sec-Fetch-Site": "f" * 300,
        "Sec-Fetch-Mode": "g\x9b",
    }
    written = click(
        visit(query="q" * 3000, fields=fields),
        made(
            parameters=Parameters({"sub1": "x"}, None, None, ("sub1",)),
            target=ResolvedTarget("https://e.com/" + "l" * 5000, has_token=False, is_cut=False, source="program"),
        ),
    )
    assert written.truncated == [
        "sub1", "host", "query", "target_url", "referrer", "user_agent", "accept_language", "client_hints",
        "fetch",
    ]  # fmt: skip
    assert written.user_agent == "\ufffd" * USER_AGENT_CAP
    assert written.referrer == "r" * REFERRER_CAP
    assert written.query == "q" * QUERY_CAP
    assert written.client_hints == ClientHints(
        ua="b" * HINT_CAP, platform="c" * HINT_CAP, model="d" * HINT_CAP, platform_version="e" * 20
    )
    assert written.fetch == Fetch(site="f" * HINT_CAP, mode="g")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
         Fetch(site="cross-site", mode="navigate", dest="document")),
        ({"sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-user": "?1"},
         Fetch(site="none", mode="navigate", dest="document", user="?1")),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
         Fetch(site="cross-site", mode="no-cors", dest="image")),
        ({"Sec-Fetch-Site": "", "Sec-Fetch-User": ""}, Fetch(site="", user="")),
        ({"Sec-Fetch-Mode": "navigate"}, None),
    ],
)  # fmt: skip
def test_a_click_says_how_the_browser_made_the_request(fields: dict[str, str], expected: Fetch | None) -> None:
    assert click(visit(fields=fields)).fetch == expected


def test_what_a_browser_does_not_send_is_null() -> None:
    written = click(RequestContext("/ref/abc123", "", visit().headers, VISITOR, is_prefetch=True, times=StepTimes(0)))
    assert (written.referrer, written.user_agent, written.accept_language, written.client_hints) == (None,) * 4
    assert written.fetch is None
    assert (written.prefetch, written.truncated) == (True, [])


def test_a_rejection_is_written_down_whole() -> None:
    paused = found(status="paused")
    visited = visit(path="/ref/abc123", fields={"User-Agent": "UA", "Referer": "https://r.example/"})
    key_id, ip_hash = hash_ip(keys().ip_hash, VISITOR.packed)
    assert rejection(visited, Refusal(PAUSED_PROGRAM, 302, SHOES, paused)) == RejectedClick(
        rejection_id=CLICK_ID,
        rejected_at=datetime.fromtimestamp(NOW_S, UTC).replace(microsecond=7000),
        reason="R203",
        status=302,
        asked="abc123",
        affiliate_id="ann",
        program_id="shop",
        host="go.shop.example",
        referrer="https://r.example/",
        user_agent="UA",
        ip_hash=ip_hash,
        ip_hash_key_id=key_id,
        handled=Handled(
            region="lisbon-1", process=PROCESS, sequence=None, cache="process", steps_us={}, key_ids=KeyIds()
        ),
    )


def test_a_malformed_code_is_told_cleaned_and_cut() -> None:
    hostile = visit(path="/ref/" + "\udcff\0" + "x" * 4096, fields={"User-Agent": "\udcff" * 600, "Referer": "\0r"})
    written = rejection(hostile, refuse_code(MALFORMED_CODE, None))
    assert written.asked == "\ufffd" + "x" * 127
    assert (written.user_agent, written.referrer) == ("\ufffd" * USER_AGENT_CAP, "r")
    assert (written.program_id, written.affiliate_id, written.handled.cache) == (None, None, None)


@pytest.mark.parametrize(
    ("fields", "policy", "hashed"),
    [
        ({}, None, True),
        ({"Sec-GPC": "1"}, None, False),
        ({"DNT": "1"}, None, False),
        ({"Sec-GPC": "1"}, {"privacy_gpc": "no_cookie"}, True),
        ({"Sec-GPC": "1"}, {"privacy_gpc": "anonymous"}, False),
        ({}, {"privacy": "anonymous"}, False),
    ],
)
def test_a_rejections_address_is_hashed_only_where_that_is_allowed(
    *, fields: dict[str, str], policy: dict[str, Any] | None, hashed: bool
) -> None:
    known = None if policy is None else found(status="paused", **policy)
    refusal = refuse_code(MALFORMED_CODE, None) if known is None else Refusal(PAUSED_PROGRAM, 302, SHOES, known)
    written = rejection(visit(fields=fields), refusal)
    assert (written.ip_hash is not None, written.ip_hash_key_id is not None) == (hashed, hashed)


def test_a_click_by_a_test_link_is_marked_as_one() -> None:
    assert [click(visit(), made(is_test=given)).is_test for given in (False, True)] == [False, True]
