"""What a visitor of a link would get: the Location with its macros filled in, and the cookie."""

import secrets
from datetime import datetime
from typing import Final

import msgspec

from identity.keys import RING_RANDOMNESS, init_ring
from identity.ulid import RANDOM_BYTES, make_ulid
from ingest.pipeline import make_program_cookie, prepare_keys
from ingest.preview import preview_visit
from referrals.admin.explain import warn_of_address, warn_of_target
from referrals.lookup.answers import Found
from referrals.model import Affiliate, Program, ReferralCode
from urls.links import PREFIX, is_https, read_link

SAMPLE_CODE: Final = "code"
SAMPLE_AFFILIATE: Final = "affiliate"


class Shown(msgspec.Struct, frozen=True):
    """The link, what it is answered with, the cookie in words, and what to look at again.

    In the Location CLICK and TOKEN stand for the click's id and token.
    """

    link: str
    status: int
    location: str
    cookie: str
    warnings: tuple[str, ...]


def preview(
    program: Program, affiliate: Affiliate | None, code: ReferralCode | None, public_url: str | None, now: datetime
) -> Shown:
    """Preview a visit with the redirect's own steps; without a code or an affiliate, of made-up ones."""
    affiliate = affiliate or Affiliate(id=SAMPLE_AFFILIATE, name="Affiliate", status="active")
    code = code or ReferralCode(code=SAMPLE_CODE, affiliate_id=affiliate.id, program_id=program.id, status="active")
    found = Found(code, affiliate, program, "postgres")
    link = f"{(public_url or '').rstrip('/')}{PREFIX}{code.code}"
    # Keys of this moment: the token is replaced by a word anyway.
    keys = prepare_keys(init_ring(now, secrets.token_bytes(RING_RANDOMNESS)))
    click_id = make_ulid(int(now.timestamp() * 1000), secrets.token_bytes(RANDOM_BYTES))
    shown = preview_visit(read_link(link), found, keys, click_id, None)
    visited = read_link(link)
    return Shown(
        link,
        shown.status,
        shown.location or "",
        describe_cookie(program, public_url) if shown.sets_cookie else "none",
        (*warn_of_target(found), *warn_of_address(program, visited.origin, public_url)),
    )


def describe_cookie(program: Program, public_url: str | None) -> str:
    name = make_program_cookie(program, https=public_url is None or is_https(public_url)).name
    where = f"{program.cookie_domain} and all hosts below it" if program.cookie_domain else "this host only"
    return f"{name}, {program.cookie_window_days} days, {where}"
