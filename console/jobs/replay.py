"""The page that replays dead letters: what is chosen, what would be sent, and the button that sends it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from aiohttp import web

from console.audit.log import AuditEntry, actor_of, write_audit
from console.auth.sessions import SESSION
from console.environment import ENVIRONMENT, Environment
from console.jobs.handlers import go_to_jobs
from console.jobs.table import add_job
from console.view.filters import is_storable
from console.web.forms import read_form
from console.web.responses import reply
from storage.letter_states import LetterFilters, count_letters, list_letters
from storage.read.letter_names import parse_letter_name

FIELDS: Final = ("reason", "stage", "topic", "from", "to", "letter")
EXAMPLES: Final = 10


async def show_replay(request: web.Request) -> web.Response:
    """Show what a replay of these letters would send: a dry run, which changes nothing."""
    return await reply_replay(request, {name: request.query.get(name, "") for name in FIELDS})


async def reply_replay(request: web.Request, given: Mapping[str, str]) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    filters = read_filters(given)
    if isinstance(filters, str):
        return reply(request, "jobs/replay.html", 422, given=given, fault=filters, counts=None, letters=[])

    async def query(connection: Any) -> dict[str, Any]:
        return {
            "counts": await count_letters(connection, filters),
            "letters": await list_letters(connection, filters, EXAMPLES),
        }

    return reply(request, "jobs/replay.html", given=given, fault="", **await environment.database.read(query))


async def post_replay(request: web.Request) -> web.Response:
    """Ask for a replay of these letters."""
    environment: Environment = request.app[ENVIRONMENT]
    form = await read_form(request)
    given = {name: form.get(name, "") for name in FIELDS}
    filters, again, actor = read_filters(given), form.get("again") == "yes", actor_of(request[SESSION])
    if isinstance(filters, str):
        return await reply_replay(request, given)

    async def change(connection: Any) -> None:
        counts = await count_letters(connection, filters)
        parameters = {"filters": msgspec.to_builtins(filters), "again": again}
        total = counts.sendable(again=again)
        async with connection.transaction():
            number = await add_job(connection, "replay", actor, parameters, total)
            after = {name: text for name, text in given.items() if text} | {"letters": total, "again": again}
            entry = AuditEntry(environment.now(), actor, "letters.replay", f"job {number}", after=after)
            await write_audit(connection, entry)

    await environment.accounts.write(change)
    return go_to_jobs(environment)


def read_filters(given: Mapping[str, str]) -> LetterFilters | str:
    """Read which letters are chosen; a text says what is wrong."""
    if not all(is_storable(text) for text in given.values()):
        return "No dead letter has such a value."
    since, until = read_time(given["from"]), read_time(given["to"])
    if (given["from"] and since is None) or (given["to"] and until is None):
        return "A time is such as 2026-11-20T08:00, in UTC."
    chosen = LetterFilters(
        reason=given["reason"] or None,
        stage=given["stage"] or None,
        topic=given["topic"] or None,
        since=since,
        until=until,
    )
    if not given["letter"]:
        return chosen
    name = parse_letter_name(given["letter"])
    if name is None:
        return "The name of a letter is TOPIC/PARTITION/OFFSET@DIGEST."
    return msgspec.structs.replace(
        chosen, topic=name.topic, partition=name.partition, offset=name.offset, digest=name.digest or None
    )


def read_time(text: str) -> datetime | None:
    """Read a time, which is UTC unless it says otherwise."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
