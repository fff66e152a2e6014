"""`clickrail attribution`: whom the click of an order is credited to."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.database import CommandError, run
from cli.errors import exit_on
from cli.options import AsJson, DatabaseUrl, MaybeKeysFile
from cli.output import show_json, show_one
from identity.keys import KeyRingError

if TYPE_CHECKING:
    import asyncpg

    from identity.keys import KeyRing
    from storage.read.attribution import Attribution, Touchpoint, Unattributed

TokenOrId = Annotated[
    str | None,
    typer.Argument(metavar="TOKEN|ID", show_default=False, help="a click token or a click id, in any case"),
]
Cookie = Annotated[
    str | None, typer.Option("--cookie", show_default=False, help="the click cookie, as NAME=VALUE or a Cookie header")
]
At = Annotated[
    str | None,
    typer.Option("--at", show_default="now", help="the time of the order, such as 2026-11-24T09:30:00Z"),
]


def attribution(
    database_url: DatabaseUrl,
    token_or_id: TokenOrId = None,
    cookie: Cookie = None,
    at: At = None,
    keys_file: MaybeKeysFile = None,
    as_json: AsJson = False,
) -> None:
    """Show whom a click is credited to: affiliate, code, age, and whether it is valid in its program's window.

    Tokens and cookies are verified with the key ring, a bare id is not. Exit code 1 unless the click is valid.
    """
    from storage.read.attribution import Unattributed
    from storage.read.attribution_claims import EXPLANATIONS

    with exit_on(CommandError, KeyRingError):
        if (token_or_id is None) == (cookie is None):
            raise CommandError("give either a click token or click id, or --cookie")
        time, ring = read_at(at), read_ring_for(token_or_id, keys_file)
    found = run(database_url, lambda connection: find(connection, token_or_id, cookie, ring, time))
    if as_json:
        show_json(found)
    elif isinstance(found, Unattributed):
        print(f"not attributed: {found.reason} ({EXPLANATIONS[found.reason]})")
    else:
        show_one(describe(found))
    if isinstance(found, Unattributed) or found.status != "valid":
        raise typer.Exit(1)


def read_at(text: str | None) -> datetime:
    """Read the time of the order; now if none is given. Raises CommandError."""
    from storage.read.attribution_claims import read_moment

    time = datetime.now(UTC) if text is None else read_moment(text)
    if time is None:
        raise CommandError(f"--at: {text!r} is no time with its zone, such as 2026-11-24T09:30:00Z")
    return time


def read_ring_for(token_or_id: str | None, keys_file: Path | None) -> "KeyRing | None":
    """Read the key ring; null if only an id is given, which needs none. Raises CommandError, KeyRingError."""
    from identity.keyfile import read_ring
    from urls.pasted import read_pasted

    if token_or_id is not None and read_pasted(token_or_id).token is None:
        return None
    if keys_file is None:
        raise CommandError("tokens and cookies are verified with the key ring: give --keys-file, or a click id")
    return read_ring(keys_file)


async def find(
    connection: "asyncpg.Connection",
    token_or_id: str | None,
    cookie: str | None,
    ring: "KeyRing | None",
    at: datetime,
) -> "Attribution | Unattributed":
    from functools import partial

    from identity.cookie import CookieKeys
    from identity.token import TokenKeys
    from referrals.windows import find_window
    from storage.read.attributed_clicks import find_attribution
    from storage.read.attribution import Unattributed
    from storage.read.attribution_claims import attribute_cookie, attribute_token
    from urls.pasted import read_pasted

    window, pasted = partial(find_window, connection), read_pasted(token_or_id or "")
    if cookie is not None and ring is not None:
        return await attribute_cookie(connection, CookieKeys(ring), cookie, window, at)
    if pasted.token is not None and ring is not None:
        return await attribute_token(connection, TokenKeys(ring), pasted.token, window, at)
    if pasted.click_id is None:
        return Unattributed("malformed")
    return await find_attribution(connection, pasted.click_id, window, at)


def describe(found: "Attribution") -> dict[str, object]:
    """Give the lines for people."""
    quality = f"{found.quality.band or 'not judged'} ({found.quality.source})"
    return {
        "status": f"{found.status}{', a test: no total counts it' if found.is_test else ''}",
        "affiliate": found.affiliate_id,
        "code": found.code,
        "program": found.program_id,
        "click": found.click_id,
        "clicked": f"{found.clicked_at:%Y-%m-%d %H:%M:%S} UTC, {describe_age(found.age_s)} before",
        "valid until": "the program is not there"
        if found.expires_at is None
        else f"{found.expires_at:%Y-%m-%d %H:%M:%S} UTC",
        "quality": " ".join(filter(None, (quality, found.quality.ivt_class))),
        "first click": describe_touchpoint(found.first_click),
        "last click": describe_touchpoint(found.last_click),
        "clicks in the window": f"{found.clicks}, {WHY_NO_MORE[found.chain_end]}",
    }


WHY_NO_MORE = {
    "first": "the first one has none before it",
    "window": "the one before is outside the window",
    "missing": "the one before is not stored",
    "limit": "and no more are read",
}


def describe_touchpoint(click: "Touchpoint | None") -> str:
    if click is None:
        return "none"
    return f"{click.affiliate_id} by {click.code}, {click.clicked_at:%Y-%m-%d %H:%M:%S} UTC ({click.click_id})"


def describe_age(age_s: int) -> str:
    days, rest = divmod(age_s, 86_400)
    return f"{days} d {rest // 3600} h" if days else f"{rest // 3600} h {rest % 3600 // 60} min {rest % 60} s"
