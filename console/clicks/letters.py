"""Dead letters: their list, one with its bytes, and the bytes as a file."""

import re
from datetime import datetime
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web
from multidict import MultiMapping

from console.audit.exports import note_export
from console.clicks.log_address import LIVE, is_live
from console.environment import ENVIRONMENT, Environment
from console.view.filters import is_storable
from console.view.ranges import Today
from console.view.today import read_today
from console.view.toolbar import make_toolbar
from console.view.view import IgnoredParameter, View, read_view, write_view
from console.web.responses import reply
from console.web.text import read_bytes
from storage.read.asking.question import locate
from storage.read.finding import find_letters
from storage.read.letter_names import LetterName, distinct_names
from storage.read.letters import LetterFilters, group_letters, read_place, recent_letters
from storage.read.queries import Connection, Reader
from storage.read.records import StoredLetter

UNFIT_FOR_A_NAME: Final = re.compile(r"[^A-Za-z0-9._-]")
LETTERS: Final = 50
OWN: Final = ("stage", "reason", "before")
LONGEST: Final = 128


class LettersAsked(msgspec.Struct, frozen=True):
    """What the list of dead letters is asked for."""

    view: View
    ignored: list[IgnoredParameter]
    today: Today
    filters: LetterFilters


async def show_letters(request: web.Request) -> web.Response:
    """Show the newest dead letters of a range, a stage, a reason."""
    environment: Environment = request.app[ENVIRONMENT]

    async def ask(reader: Connection) -> dict[str, Any]:
        asked = await read_letters_asked(reader, request.query, environment.now())
        view = asked.view
        letters = await recent_letters(reader, LETTERS + 1, asked.filters, view.get("before"))
        toolbar = make_toolbar(
            "/dead-letters", view, asked.ignored, asked.today, has_comparison=False, resets=("before",), fields=()
        )
        open_range = msgspec.structs.replace(asked.filters, stage=None, reason=None)
        return {
            "view": view,
            "toolbar": toolbar,
            "letters": letters[:LETTERS],
            "letter_groups": await group_letters(reader, open_range),
            "write": lambda **rest: write_view(view, **({"before": ""} | rest)),
            "older": write_view(view, before=letters[LETTERS - 1].place) if len(letters) > LETTERS else "",
        }

    return reply(request, "clicks/dead_letters.html", **await environment.database.read(ask))


async def read_letters_asked(reader: Reader, query: MultiMapping[str], now: datetime) -> LettersAsked:
    """Read what is asked for. Raises asyncpg's errors."""
    view, ignored = read_view(query, OWN, LIVE)
    today = await read_today(reader, now)
    faults = [(name, value) for name, value in view.rest if explain_letter_fault(name, value)]
    ignored += [IgnoredParameter(name, value, explain_letter_fault(name, value) or "") for name, value in faults]
    ignored += [IgnoredParameter(one.parameter, "", "dead letters have no such field") for one in view.filters]
    rest = tuple(pair for pair in view.rest if pair not in faults)
    view = msgspec.structs.replace(view, rest=rest, filters=(), measure="", compare=None, by=(), sort="")
    span = None if is_live(view) else locate(view.find_range(today), today.zone)
    filters = LetterFilters(
        stage=view.get("stage") or None,
        reason=view.get("reason") or None,
        since=span.begin if span else None,
        until=span.end if span else None,
    )
    return LettersAsked(view, ignored, today, filters)


def explain_letter_fault(name: str, value: str) -> str | None:
    if name == "before":
        return None if read_place(value) else "not the place of a dead letter"
    return None if len(value) <= LONGEST and is_storable(value) else "no dead letter has such a value"


async def show_dead_letter(request: web.Request) -> web.Response:
    """Show a dead letter with all its bytes."""
    found = await find_dead_letters(request)
    stored, letter = found[0], found[0].letter
    name, *others = distinct_names([one.letter for one in found])
    key = None if letter.key is None else read_bytes(letter.key)
    return reply(
        request,
        "clicks/dead_letter.html",
        letter=letter,
        stored=stored,
        letter_name=name,
        others=others,
        value=read_bytes(letter.value),
        key=key,
    )


async def download_dead_letter(request: web.Request) -> web.Response:
    """Send the original bytes of a dead letter as a download, never as a page."""
    letter = (await find_dead_letters(request))[0].letter
    name = f"{UNFIT_FOR_A_NAME.sub('_', letter.topic)}-{letter.partition}-{letter.offset}.bin"
    await note_export(request, name)
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'}
    return web.Response(body=letter.value, content_type="application/octet-stream", headers=headers)


async def find_dead_letters(request: web.Request) -> list[StoredLetter]:
    """Find the dead letters of a URL, newest first, at least one. Raises HTTPNotFound, DatabaseAway."""
    topic, partition, offset, digest = (request.match_info[name] for name in ("topic", "partition", "offset", "digest"))
    if not is_storable(topic):
        raise web.HTTPNotFound
    name = LetterName(topic, int(partition), int(offset), digest.removeprefix("@"))
    found = await request.app[ENVIRONMENT].database.read(lambda reader: find_letters(reader, name))
    if not found:
        raise web.HTTPNotFound
    return found
