"""Items 13 and 14: whose address a click is of, whatever the request says about it."""

from ipaddress import ip_address

import pytest

from identity.ip import hash_ip, open_ip
from runtime.client_address import TrustedProxies
from schemas import RawClick
from tests.ingest.builders import keys
from tests.ingest.serving import serving
from tests.ingest.wire import request, send


def address_of(click: RawClick) -> str:
    return str(open_ip(keys().ip_seal, click.ip_sealed or "", click.click_id))


async def who_asked(lines: bytes) -> str:
    """Give the address of the click that a trusted proxy brings with these lines; a rejection's is the same."""
    async with serving() as served:
        await send(served.port, request("/ref/abc123", lines=lines))
        await send(served.port, request("/ref/nobody", lines=lines))
        topics = await served.published()
    address = address_of(topics.clicks()[0])
    assert topics.rejections()[0].ip_hash == hash_ip(keys().ip_hash, ip_address(address).packed)[1]
    return address


async def test_item_13_from_an_untrusted_peer_no_header_changes_the_address() -> None:
    forged = b"X-Forwarded-For: 8.8.8.8\r\nX-Forwarded-For: 9.9.9.9\r\nCF-Connecting-IP: 1.2.3.4\r\n"
    async with serving(proxies=TrustedProxies(())) as served:
        for lines in (forged, b"True-Client-IP: 1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\n", b"Forwarded: for=1.2.3.4\r\n"):
            await send(served.port, request("/ref/abc123", lines=lines), source="127.7.7.7")
        clicks = (await served.published()).clicks()
    assert [address_of(click) for click in clicks] == ["127.7.7.7"] * 3


@pytest.mark.parametrize(
    ("lines", "address"),
    [
        (b"", "127.0.0.1"),
        (b"X-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9"),
        (b"X-Forwarded-For: 1.1.1.1, 203.0.113.9\r\n", "203.0.113.9"),
        (b"X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2001:db8::9\r\n", "2001:db8::9"),
        (b"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 127.0.0.1\r\n", "203.0.113.9"),
        (b"X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 203.0.113.9, 127.0.0.1\r\n", "203.0.113.9"),
        (b"CF-Connecting-IP: 1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n", "127.0.0.1"),
    ],
)
async def test_item_13_from_a_trusted_peer_it_is_the_rightmost_untrusted_of_all_lines(
    lines: bytes, address: str
) -> None:
    assert await who_asked(lines) == address


@pytest.mark.parametrize(
    "value", [b"' OR 1=1", b"999.1.1.1", b"fe80::1%eth0", b"\xff\xfe", b"203.0.113.9' --", b"0x7f.1", b"a" * 4000]
)
async def test_item_14_what_is_no_address_is_dropped(value: bytes) -> None:
    assert await who_asked(b"X-Forwarded-For: 203.0.113.9, " + value + b"\r\n") == "127.0.0.1"


@pytest.mark.parametrize("value", [b"::ffff:8.8.8.8", b"[::ffff:8.8.8.8]:443", b"::FFFF:0808:0808"])
async def test_item_14_a_mapped_address_is_the_v4_address_it_is(value: bytes) -> None:
    assert await who_asked(b"X-Forwarded-For: " + value + b"\r\n") == "8.8.8.8"
