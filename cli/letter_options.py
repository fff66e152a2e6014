"""Which dead letters a command is about: the options that filter them, and the name of one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.database import CommandError

if TYPE_CHECKING:
    from storage.letter_states import LetterFilters
    from storage.read.letter_names import LetterName
    from storage.read.records import StoredLetter

FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%MZ"]
Reason = Annotated[str | None, typer.Option("--reason", help="only those with this reason, as `dead list` shows it")]
Topic = Annotated[str | None, typer.Option("--topic", help="the topic that the records were read from")]
From = Annotated[
    datetime | None,
    typer.Option(
        "--from",
        metavar="TIME",
        formats=FORMATS,
        help="only those that failed at this time or later, UTC: 2026-11-20 or 2026-11-20T08:00:00Z",
    ),
]
To = Annotated[
    datetime | None,
    typer.Option("--to", metavar="TIME", formats=FORMATS, help="only those that failed before this time, UTC"),
]


def filters_of(
    reason: str | None, topic: str | None, since: datetime | None, until: datetime | None
) -> "LetterFilters":
    from storage.letter_states import LetterFilters

    return LetterFilters(reason=reason, topic=topic, since=in_utc(since), until=in_utc(until))


def in_utc(time: datetime | None) -> datetime | None:
    return None if time is None else time.replace(tzinfo=UTC)


def read_name(letter: str) -> "LetterName":
    from storage.read.letter_names import parse_letter_name

    name = parse_letter_name(letter)
    if name is None:
        raise CommandError(
            f"{letter!r} is not the name of a dead letter: names are TOPIC/PARTITION/OFFSET, such as clicks.raw/3/42,"
            " with @DIGEST if several letters have that place. `clickrail dead list` shows names"
        )
    return name


def choose(asked: str, found: "Sequence[StoredLetter]") -> "StoredLetter":
    """Return the only letter of these. Raises CommandError if there is none, or if there are several."""
    from storage.read.letter_names import distinct_names

    if not found:
        raise CommandError(f"there is no dead letter {asked}: `clickrail dead list` shows all names")
    if len(found) > 1:
        names = ", ".join(map(str, distinct_names([one.letter for one in found])))
        raise CommandError(
            f"{asked} names {len(found)} letters, because the topic was deleted and made again:"
            f" name one of them: {names}"
        )
    return found[0]
