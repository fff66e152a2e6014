"""Items 17 and 18: no address at rest, none that can be guessed back, and none that a destroyed key still opens."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest

from identity.ip import IpHashKeys, IpSealKeys, hash_ip, open_ip, seal_ip
from identity.keyfile import read_ring
from identity.keys import KeyRing, destroy_retired, init_ring, rotate
from identity.verification import VerificationError
from schemas import CLICKS_RAW, RawClick, decode
from tests.identity.builders import CLICK_ID, NONCE, NOW, active, known_ring, randomness, write_ring
from tests.ingest.serving import serving
from tests.ingest.wire import ask
from tests.security.aftermath import CLICKS, V4, VISITORS, Aftermath

NETWORK = [bytes([203, 0, high, low]) for high in range(256) for low in range(256)]


def forms(visitor: str) -> Iterator[bytes]:
    """Give every form in which an address might stand somewhere: as text, as bytes, and as text of the bytes."""
    address = ip_address(visitor)
    yield visitor.encode()
    yield address.packed
    yield from (address.packed.hex().encode(), address.packed.hex().upper().encode())
    yield from (base64.b64encode(address.packed), base64.urlsafe_b64encode(address.packed).rstrip(b"="))
    yield str(int(address)).encode()
    if isinstance(address, IPv6Address):
        yield address.exploded.encode()


async def test_item_17_no_record_of_ingest_holds_an_address() -> None:
    async with serving() as served:
        for visitor in VISITORS[::4]:
            for path in ("/ref/abc123", "/ref/nobody", "/ref/%00"):
                await ask(served.port, path, {"X-Forwarded-For": visitor})
        values = b"".join(record.value for record in (await served.published()).records)
    assert [form for visitor in VISITORS for form in forms(visitor) if form in values] == []


@pytest.mark.servers
@pytest.mark.processes
def test_item_17_no_topic_table_log_or_file_holds_an_address_in_any_form(aftermath: Aftermath) -> None:
    clicks = raw_clicks(aftermath)
    journal = b"".join(held for name, held in aftermath.places.items() if name.endswith(".seg (running)"))
    assert len(clicks) >= CLICKS
    # The places were looked at while they held what is looked for.
    assert [click.click_id for click in clicks if click.click_id.encode() not in journal] == []
    assert {"table clicks", "table rejected_clicks", "redis", "ingest.log (stopped)", *aftermath.values} <= set(
        aftermath.places
    )
    found = [
        (name, form)
        for name, held in aftermath.places.items()
        for visitor in [*VISITORS, "9.9.9.9"]
        for form in forms(visitor)
        if form in held
    ]
    assert found == []


def raw_clicks(aftermath: Aftermath) -> list[RawClick]:
    clicks = [decode(RawClick, value) for value in aftermath.values[CLICKS_RAW.name]]
    return [click for click in clicks if isinstance(click, RawClick)]


def hash_bytes(packed: bytes) -> str:
    return hashlib.sha256(packed).hexdigest()


def hash_text(packed: bytes) -> str:
    return hashlib.sha256(str(IPv4Address(packed)).encode()).hexdigest()


def reverse(hashed: str, guess: Callable[[bytes], str]) -> list[bytes]:
    """Try a whole network: give the addresses whose hash, or the beginning of it, is this one."""
    return [packed for packed in NETWORK if guess(packed).startswith(hashed)]


@pytest.mark.servers
@pytest.mark.processes
@pytest.mark.slow
def test_item_17_trying_a_whole_network_reverses_a_plain_hash_and_not_ours(aftermath: Aftermath) -> None:
    visitor = ip_address(V4[0])
    (ours,) = {row["ip_hash"] for row in aftermath.rows_of(V4[0])}
    other = IpHashKeys(init_ring(NOW, randomness(1, 4 * 36)))
    for plain in (hash_bytes, hash_text):
        assert reverse(plain(visitor.packed)[: len(ours)], plain) == [visitor.packed]
        assert reverse(ours, plain) == []
    assert reverse(ours, lambda packed: hash_ip(other, packed)[1]) == []
    # The control: with the key it is reversed, which is why the key stands apart from the data.
    assert reverse(ours, lambda packed: hash_ip(IpHashKeys(aftermath.ring), packed)[1]) == [visitor.packed]


@pytest.mark.servers
@pytest.mark.processes
def test_item_17_the_key_of_the_hash_stands_nowhere_but_in_the_key_ring(aftermath: Aftermath) -> None:
    secrets = [key.secret for key in aftermath.ring.keys if key.secret]
    texts = [form for secret in secrets for form in (secret, base64.b64encode(secret), secret.hex().encode())]
    assert len(secrets) == 4
    assert {name for name, held in aftermath.places.items() for text in texts if text in held} == {
        "keys.json (running)", "keys.json (stopped)",
    }  # fmt: skip


def without_yesterdays_keys(ring: KeyRing, purpose: str) -> KeyRing:
    """Rotate a key, and destroy what it replaces when it has been retired for long enough."""
    later = active(ring, purpose).created_at + timedelta(hours=96)
    return destroy_retired(rotate(ring, purpose, later, randomness(1)), purpose, before=later + timedelta(hours=1))


def test_item_18_a_destroyed_key_shreds_yesterdays_addresses_and_leaves_todays() -> None:
    address = ip_address("203.0.113.7")
    sealed_yesterday = seal_ip(IpSealKeys(known_ring()), address.packed, CLICK_ID, NONCE)
    today = rotate(known_ring(), "ip_seal", NOW, randomness(1))
    sealed_today = seal_ip(IpSealKeys(today), address.packed, CLICK_ID, NONCE)
    later = IpSealKeys(destroy_retired(today, "ip_seal", before=NOW + timedelta(hours=1)))

    assert open_ip(IpSealKeys(today), sealed_yesterday, CLICK_ID) == address
    assert open_ip(later, sealed_yesterday, CLICK_ID) == VerificationError("destroyed_key")
    assert open_ip(later, sealed_today, CLICK_ID) == address


@pytest.mark.servers
@pytest.mark.processes
def test_item_18_yesterdays_records_in_kafka_cannot_be_opened_when_their_key_is_destroyed(
    aftermath: Aftermath, tmp_path: Path
) -> None:
    clicks = raw_clicks(aftermath)
    secret = active(aftermath.ring, "ip_seal").secret
    path = tmp_path / "keys.json"
    write_ring(path, without_yesterdays_keys(aftermath.ring, "ip_seal"))
    shredded = IpSealKeys(read_ring(path))
    before = [open_ip(IpSealKeys(aftermath.ring), click.ip_sealed, click.click_id) for click in clicks]

    assert {str(address) for address in before} >= set(VISITORS)
    assert {open_ip(shredded, click.ip_sealed, click.click_id) for click in clicks} == {
        VerificationError("destroyed_key")
    }
    assert base64.b64encode(secret or b"") not in path.read_bytes()
    assert [name for name in tmp_path.iterdir() if name != path] == []


@pytest.mark.servers
@pytest.mark.processes
def test_item_18_stored_hashes_cannot_be_linked_to_an_address_when_their_key_is_destroyed(aftermath: Aftermath) -> None:
    shredded = IpHashKeys(without_yesterdays_keys(aftermath.ring, "ip_hash"))
    stored = {row["ip_hash"] for visitor in VISITORS for row in aftermath.rows_of(visitor)}
    assert len(stored) == len(VISITORS)
    assert {hash_ip(shredded, ip_address(visitor).packed)[1] for visitor in VISITORS} & stored == set()
