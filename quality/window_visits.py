"""What the windows read of a click. Pure."""

from functools import lru_cache
from hashlib import blake2b
from typing import Final, Protocol

import msgspec

from quality.agents import NO_CLAIM, Claim, read_claim
from quality.click_ids import pack_id, read_packed_time_ms
from quality.links import digest_link
from schemas.clicks import Click

LATE_MS: Final = 10 * 60 * 1000
"""A click that is published or judged later than this has no counts: their logs may have expired."""
DIGEST: Final = 4
NO_COOKIE: Final = bytes(DIGEST)


class Hashes(Protocol):
    """The keyed hashes of a click, and the client's under the key before, in the first window after a rotation."""

    @property
    def net(self) -> str | None: ...
    @property
    def client(self) -> str | None: ...
    @property
    def previous_client(self) -> str | None: ...


class KnownHashes(msgspec.Struct, frozen=True, gc=False):
    net: str | None = None
    client: str | None = None
    previous_client: str | None = None


NO_HASHES: Final = KnownHashes()


class Visit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One click as the windows see it.

    `exempt` is `anonymous`, `not_judged` (a test, a prefetch, a bot), or null. `cookie` is a digest of the click that
    opened the window of a valid cookie, `link` of code and query. `is_late`: published more than 10 minutes after it.
    """

    click_id: str
    packed_id: bytes
    at_ms: int
    program_id: str
    host: str
    window_ms: int
    basis: str
    exempt: str | None
    has_cookie: bool
    lease_click_id: str | None
    hashes: Hashes
    client: bytes
    cookie: bytes
    link: bytes
    is_late: bool
    claim: Claim
    has_language: bool
    has_hints: bool
    has_fetch: bool


def make_visit(click: Click, hashes: Hashes, published_ms: int, *, is_bot: bool) -> Visit:
    """Read a raw or enriched click. `published_ms` is when Kafka took it, in milliseconds since 1970."""
    packed_id = pack_id(click.click_id)
    at_ms = read_packed_time_ms(packed_id)
    exempt = find_exemption(click, is_bot=is_bot)
    has_cookie = click.cookie_state == "valid"
    opener = (click.lease_click_id or click.previous_click_id) if has_cookie else None
    return Visit(
        click_id=click.click_id,
        packed_id=packed_id,
        at_ms=at_ms,
        program_id=click.program_id,
        host=click.host,
        window_ms=max(click.unique_window_s, 1) * 1000,
        basis=click.unique_basis or "address",
        exempt=exempt,
        has_cookie=has_cookie,
        lease_click_id=click.lease_click_id,
        hashes=hashes,
        client=bytes.fromhex(hashes.client[: 2 * DIGEST]) if hashes.client else NO_COOKIE,
        cookie=digest_id(opener) if opener else NO_COOKIE,
        link=digest_link(click.code, click.query, DIGEST),
        is_late=published_ms - at_ms > LATE_MS,
        claim=NO_CLAIM if exempt == "not_judged" else read_claim(click.user_agent),
        has_language=bool(click.accept_language),
        has_hints=click.client_hints is not None and bool(click.client_hints.ua),
        has_fetch=click.fetch is not None and click.fetch.mode is not None,
    )


def find_exemption(click: Click, *, is_bot: bool) -> str | None:
    """Say why a click neither claims nor counts."""
    if is_bot or click.prefetch or click.is_test:
        return "not_judged"
    return "anonymous" if click.privacy.decision == "anonymous" else None


def digest_id(click_id: str) -> bytes:
    """Give the last, random bytes of an id. Never those of `NO_COOKIE` in practice."""
    return pack_id(click_id)[-DIGEST:]


@lru_cache(1024)
def digest_host(host: str) -> bytes:
    return digest_key(host)


def digest_key(*parts: str) -> bytes:
    return blake2b("|".join(parts).encode(), digest_size=10).digest()
