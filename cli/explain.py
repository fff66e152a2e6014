"""`clickrail explain`: one click or rejection, with every decision, and what the click is worth."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.database import CommandError, run
from cli.options import DatabaseUrl

if TYPE_CHECKING:
    import asyncpg

    from console.clicks.events import ClickOrRejection
    from console.clicks.quality import QualityReport
    from storage.read.scores import Verdict


def explain(
    click: Annotated[
        str, typer.Argument(metavar="CLICK", help="a click id, a click token, or the id of a rejection, in any case")
    ],
    database_url: DatabaseUrl,
    as_json: Annotated[bool, typer.Option("--json", help="write JSON, with the whole record")] = False,
) -> None:
    """Explain one click: every decision, its network, whether it is unique, and its score with each signal in words."""
    from console.clicks.explain import explain as list_decisions
    from console.clicks.quality import report_quality
    from storage.read.records import StoredClick

    event, verdict = run(database_url, lambda connection: find_event(connection, click))
    decisions = list_decisions(event, verdict)
    quality = report_quality(event.click, verdict) if isinstance(event, StoredClick) else None
    if as_json:
        record = {"click": event.click} if isinstance(event, StoredClick) else {"rejection": event.rejection}
        output.show_json(record | {"decisions": decisions, "quality": quality})
        return
    lines: dict[str, str | list[str]] = {one.subject: make_printable(one.sentence) for one in decisions}
    output.show_one(lines | (describe_quality(quality) if quality else {}))


async def find_event(connection: "asyncpg.Connection", asked: str) -> "tuple[ClickOrRejection, Verdict | None]":
    """Find the click or rejection in the tables. Raises CommandError with the likely cause if there is none."""
    from datetime import UTC, datetime

    from console.clicks.why_missing import explain_missing, read_id
    from identity.ulid_time import ulid_time
    from schemas.clicks import NEWEST_CLICK
    from storage.read.erasures import find_erased_at
    from storage.read.finding import find_click, find_rejection
    from storage.read.scores import find_verdict

    now, ulid = datetime.now(UTC), read_id(asked)
    # A later time could overflow the time range of the query.
    if ulid is not None and ulid_time(ulid) <= now + NEWEST_CLICK:
        if stored := await find_click(connection, ulid):
            return stored, await find_verdict(connection, ulid, stored.click.clicked_at)
        if rejection := await find_rejection(connection, ulid):
            return rejection, None
        if erased_at := await find_erased_at(connection, ulid):
            raise CommandError(
                f"the click {ulid} was erased on {erased_at:%Y-%m-%d %H:%M} UTC: its visitor asked for it"
            )
    missing = explain_missing(asked, now)
    raise CommandError(f"there is no such click. {missing.summary} {missing.causes[0]}")


def describe_quality(quality: "QualityReport") -> dict[str, str | list[str]]:
    """Give the lines about verdicts, signals, those that a guard took off, and what was not judged."""
    verdicts = [
        f"{one.name}: {one.text}" + (f"; {one.detail}" if one.detail else "") + (" (counts)" if one.counts else "")
        for one in quality.verdicts
    ]
    signals = [f"{one.title}, weight {one.weight:g}: {one.sentence} {one.caution}".strip() for one in quality.evidence]
    spared = [
        f"{one.title}, weight {one.signal.weight:g}: {one.sentence} Not counted ({one.guard}): {one.why}."
        f" The score would be {one.score}."
        for one in quality.spared
    ]
    unjudged = [f"{one.titles}: {one.why}." for one in quality.unjudged]
    named = {
        "Verdict": verdicts,
        "Signal": signals or ["None was found."],
        "Taken off": spared,
        "Not judged": unjudged,
    }
    return {name: [make_printable(text) for text in texts] for name, texts in named.items()}


def make_printable(text: str) -> str:
    """Replace what a visitor may have sent to move the cursor, or to reverse the text."""
    from console.web.text import make_visible

    return make_visible(text)
