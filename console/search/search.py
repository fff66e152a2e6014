"""What a text leads to: one page, or a list of what it may mean."""

from typing import Any, Final
from urllib.parse import quote

import msgspec

from console.clicks.find import find_erasure, find_event
from console.clicks.log_address import LIVE
from console.clicks.picks import Picks
from console.clicks.why_missing import MissingClick, explain_erased, explain_missing
from console.environment import Environment
from console.view.filters import is_storable
from console.view.view import View
from identity.ulid_time import ulid_time
from referrals.admin.repository import find_similar
from storage.read.finding import find_letters
from storage.read.letter_names import parse_letter_name
from storage.read.names import EXACT, SAME, Named, find_named
from storage.read.queries import Connection
from urls.pasted import read_pasted

LONGEST: Final = 256
PAGES: Final = {"code": "/codes", "affiliate": "/affiliates", "program": "/programs"}


class Match(msgspec.Struct, frozen=True):
    """Something that was found: what it is, its id, what it is called, and its page and the log of its clicks."""

    kind: str
    id: str
    name: str
    status: str
    address: str
    clicks: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a text led to. `address` is set if there is one page it means; `missing` explains an id without a click."""

    text: str
    address: str = ""
    matches: tuple[Match, ...] = ()
    near: tuple[Match, ...] = ()
    missing: MissingClick | None = None


async def search(environment: Environment, text: str, paths: frozenset[str]) -> Found:
    """Find what a text means. Raises DatabaseAway."""
    text = text.strip()[:LONGEST]
    if not text or not is_storable(text):
        return Found(text=text)
    pasted = read_pasted(text)
    missing = None
    if pasted.click_id is not None and has_time(pasted.click_id):
        if await find_event(environment, pasted.click_id) is not None:
            return Found(text=text, address=f"/clicks/{pasted.click_id}")
        erased_at = await find_erasure(environment, pasted.click_id)
        missing = explain_erased(text, erased_at) if erased_at else explain_missing(text, environment.now())
    letter = await find_letter_address(environment, text)
    if letter:
        return Found(text=text, address=letter)
    wanted = pasted.code or pasted.text or text
    named, similar = await environment.database.read(lambda reader: find_all(reader, wanted))
    return decide(text, named, similar, missing, paths)


def decide(
    text: str, named: list[Named], similar: list[str], missing: MissingClick | None, paths: frozenset[str]
) -> Found:
    """Lead to the only thing that has this id or name; else list what may be meant."""
    exact = [one for one in named if one.place == EXACT]
    same = [one for one in named if one.place == SAME]
    only = exact if len(exact) == 1 else same if not exact and len(same) == 1 and same[0].kind != "code" else []
    if only and missing is None:
        return Found(text=text, address=make_match(only[0], paths).address)
    known = {one.id for one in named if one.kind == "code"}
    near = [Named("code", code, "", "", SAME) for code in similar if code not in known]
    is_near = [one for one in same if one.kind == "code"]
    matches = [one for one in named if one not in is_near] if not exact else named
    return Found(
        text=text,
        matches=tuple(make_match(one, paths) for one in matches),
        near=tuple(make_match(one, paths) for one in ([] if exact else is_near) + near),
        missing=missing,
    )


def make_match(one: Named, paths: frozenset[str]) -> Match:
    """Name the page of something; without one of its own, that is the log of its clicks."""
    clicks = f"/clicks?{Picks(View(range=LIVE, usual=LIVE)).only(one.kind, one.id)}"
    base = PAGES[one.kind]
    has_page = any(path.startswith(f"{base}/{{") and path.count("/") == base.count("/") + 1 for path in paths)
    address = f"{base}/{quote(one.id, safe='')}" if has_page else clicks
    return Match(one.kind, one.id, one.name, one.status, address, clicks)


async def find_all(connection: Any, text: str) -> tuple[list[Named], list[str]]:
    """Find by id and name; codes that nearly match only if nothing has exactly this id."""
    named = list(await find_named(connection, text))
    if any(one.place == EXACT for one in named):
        return named, []
    return named, await find_similar(connection, text)


async def find_letter_address(environment: Environment, text: str) -> str:
    """Return the page of a dead letter whose place this is; empty if there is none."""
    name = parse_letter_name(text)
    if name is None:
        return ""

    async def ask(reader: Connection) -> bool:
        return bool(await find_letters(reader, name))

    if not await environment.database.read(ask):
        return ""
    digest = f"@{name.digest}" if name.digest else ""
    return f"/dead-letters/{quote(name.topic, safe='')}/{name.partition}/{name.offset}{digest}"


def has_time(ulid: str) -> bool:
    try:
        ulid_time(ulid)
    except ValueError:
        return False
    return True
