"""What the redirect keeps of a visitor: cookie, privacy, address."""

from ipaddress import ip_address

import pytest

from identity.ip import hash_ip, open_ip
from identity.keys import destroy, rotate
from ingest.client_ip import TrustedProxies
from ingest.transform import ready_keys
from schemas import RawClick
from tests.identity.builders import NOW, randomness
from tests.ingest.builders import found, keys, ring
from tests.ingest.serving import Served, serving
from tests.ingest.wire import ask, request, send


def address_of(click: RawClick) -> str:
    return str(open_ip(keys().ip_seal, click.ip_sealed or "", click.click_id))


async def visit(served: Served, cookie: str | None = None, **fields: str) -> str:
    """Visit once; give the cookie that was set, as a browser sends it back."""
    answer = await ask(served.port, "/ref/abc123", fields | ({"Cookie": cookie} if cookie else {}))
    assert answer.status == 302
    return "=".join(answer.cookie) if answer.cookie else ""


@pytest.mark.parametrize(
    ("policy", "fields", "decision", "sets"),
    [
        ({}, {}, "full", True),
        ({"privacy": "no_cookie"}, {}, "no_cookie", False),
        ({"privacy": "anonymous"}, {}, "anonymous", False),
        ({}, {"Sec-GPC": "1"}, "no_cookie", False),
        ({"privacy_gpc": "full"}, {"Sec-GPC": "1"}, "full", True),
        ({"privacy_dnt": "anonymous"}, {"DNT": "1"}, "anonymous", False),
    ],
)
async def test_a_cookie_is_set_only_where_the_decision_is_full(
    *, policy: dict[str, str], fields: dict[str, str], decision: str, sets: bool
) -> None:
    async with serving({"abc123": found(**policy)}) as served:
        assert bool(await visit(served, **fields)) == sets
        (click,) = (await served.published()).clicks()
    assert (click.privacy.decision, click.privacy.gpc, click.privacy.dnt) == (
        decision, "Sec-GPC" in fields, "DNT" in fields,
    )  # fmt: skip
    assert click.ip_sealed is not None


async def test_a_cookie_is_not_even_read_where_the_decision_is_not_full() -> None:
    async with serving() as served:
        cookie = await visit(served)
        await visit(served, cookie, DNT="1")
        first, second = (await served.published()).clicks()
    assert (first.cookie_state, second.cookie_state, second.previous_click_id) == ("absent", "absent", None)


async def test_a_returning_visitor_is_tied_to_the_click_before() -> None:
    async with serving() as served:
        first = await visit(served)
        second = await visit(served, f"a=b; {first}")
        await visit(served, second)
        clicks = (await served.published()).clicks()
    assert [click.cookie_state for click in clicks] == ["absent", "valid", "valid"]
    assert [click.previous_click_id for click in clicks] == [None, clicks[0].click_id, clicks[1].click_id]


@pytest.mark.parametrize("state", ["forged", "malformed", "unknown_key"])
async def test_a_cookie_that_is_not_believed_makes_a_new_visitor_with_a_new_cookie(state: str) -> None:
    async with serving() as served:
        genuine = await visit(served)
        at = len("__Host-cr-shop=v1.k7.") + 20
        flipped = genuine[:at] + ("A" if genuine[at] != "A" else "B") + genuine[at + 1 :]
        bad = {"forged": flipped, "malformed": genuine[:-40], "unknown_key": genuine.replace(".k7.", ".q9.")}
        assert await visit(served, bad[state] if state != "malformed" else "__Host-cr-shop=" + "x" * 5_000)
        click = (await served.published()).clicks()[1]
    assert (click.cookie_state, click.previous_click_id) == (state, None)


async def test_of_two_cookies_of_one_name_the_genuine_one_counts_wherever_it_stands() -> None:
    async with serving() as served:
        genuine = await visit(served)
        await visit(served, f"__Host-cr-shop=v1.k7.forged; {genuine}")
        await visit(served, f"{genuine}; __Host-cr-shop=v1.k7.forged")
        first, *others = (await served.published()).clicks()
    assert [click.previous_click_id for click in others] == [first.click_id] * 2


async def test_keys_change_while_visitors_come() -> None:
    rotated = rotate(ring(), "cookie", NOW, randomness(3))
    async with serving() as served:
        old = await visit(served)
        served.redirect.keys = ready_keys(rotated)
        await visit(served, old)
        served.redirect.keys = ready_keys(destroy(rotated, "cookie", "k7"))
        await visit(served, old)
        clicks = (await served.published()).clicks()
    assert [click.cookie_state for click in clicks] == ["absent", "valid", "destroyed_key"]
    assert clicks[0].handled.key_ids.cookie == "k7"
    assert clicks[1].handled.key_ids.cookie not in ("k7", None)


async def test_the_cookies_name_follows_the_settings_and_never_a_header() -> None:
    async with serving(https=False) as served:
        cookie = await visit(served, **{"X-Forwarded-Proto": "https"})
    assert cookie.startswith("cr-shop=")
    async with serving({"abc123": found(cookie_domain="shop.example")}) as served:
        cookie = await visit(served, **{"X-Forwarded-Proto": "http"})
    assert cookie.startswith("__Secure-cr-shop=")


@pytest.mark.parametrize(
    ("lines", "address"),
    [
        (b"", "127.0.0.1"),
        (b"X-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9"),
        (b"X-Forwarded-For: 1.1.1.1, 203.0.113.9\r\n", "203.0.113.9"),
        (b"X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2001:db8::9\r\n", "2001:db8::9"),
        (b"X-Forwarded-For: ::ffff:203.0.113.9\r\n", "203.0.113.9"),
        (b"X-Forwarded-For: ' OR 1=1\r\n", "127.0.0.1"),
        (b"X-Forwarded-For: fe80::1%eth0\r\n", "127.0.0.1"),
        (b"X-Forwarded-For: \xff\xfe\r\n", "127.0.0.1"),
        (b"CF-Connecting-IP: 1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n", "127.0.0.1"),
    ],
)
async def test_a_trusted_proxy_is_believed_about_the_entry_it_added_and_nothing_else(
    lines: bytes, address: str
) -> None:
    async with serving() as served:
        await send(served.port, request("/ref/abc123", lines=lines))
        await send(served.port, request("/ref/nobody", lines=lines))
        topics = await served.published()
    assert address_of(topics.clicks()[0]) == address
    assert topics.rejections()[0].ip_hash == hash_ip(keys().ip_hash, ip_address(address).packed)[1]


async def test_from_an_untrusted_peer_no_header_changes_the_address() -> None:
    async with serving(proxies=TrustedProxies(())) as served:
        lines = b"X-Forwarded-For: 8.8.8.8\r\nX-Forwarded-For: 9.9.9.9\r\nCF-Connecting-IP: 1.2.3.4\r\n"
        await send(served.port, request("/ref/abc123", lines=lines), source="127.7.7.7")
        (click,) = (await served.published()).clicks()
    assert address_of(click) == "127.7.7.7"


async def test_no_address_stands_in_the_clear_in_any_record() -> None:
    visitors = ["203.0.113.9", "198.51.100.77", "2001:db8:1::9"]
    async with serving() as served:
        for visitor in visitors:
            for path in ("/ref/abc123", "/ref/nobody", "/ref/%00"):
                await ask(served.port, path, {"X-Forwarded-For": visitor})
        values = b"".join(record.value for record in (await served.published()).records)
    for visitor in visitors:
        assert visitor.encode() not in values
        assert ip_address(visitor).packed not in values
