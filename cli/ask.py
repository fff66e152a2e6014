"""`clickrail ask`: how many clicks, by whom, when and where."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli import ask_output
from cli.ask_words import CannotRead, read_filter, read_moment
from cli.database import CommandError, run
from cli.errors import exit_on
from cli.options import AsJson, DatabaseUrl, NoHeader

if TYPE_CHECKING:
    import asyncpg

    from storage.read.asking.answer import Answer
    from storage.read.asking.description import Explanation
    from storage.read.asking.plan import Refusal
    from storage.read.asking.question import Compare, Question
    from storage.read.asking.state import RollupState

DAYS = 7
From = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="DAY|TIME",
        show_default=f"{DAYS} days, today included",
        help="a day of the reporting zone (2026-11-20, today, yesterday), or a time (2026-11-20T08:00Z)",
    ),
]
To = Annotated[
    str, typer.Option("--to", metavar="DAY|TIME", show_default="the end of today", help="before this day or time")
]
By = Annotated[
    list[str] | None,
    typer.Option(
        show_default=False,
        help="group by minute, hour, day or month; program, affiliate or code; country, device, os, browser, "
        "referrer_host, utm_campaign ...; may be given twice",
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE",
        show_default=False,
        help="only these clicks: country=DE,AT or device!=mobile; nothing behind the = means unknown; may be repeated",
    ),
]
Measures = Annotated[
    list[str] | None,
    typer.Option(
        "--measure",
        show_default="people, uniques, bots",
        help="what to count: people, uniques, repeats, bots, invalid, gross, net ...; may be repeated",
    ),
]
CompareWith = Annotated[
    str | None,
    typer.Option(
        "--compare",
        metavar="previous|year",
        show_default=False,
        help="beside the same weekdays before, or the year before",
    ),
]


def ask(  # noqa: PLR0913, PLR0917 - typer reads options from parameters
    database_url: DatabaseUrl,
    since: From = "",
    until: To = "",
    by: By = None,
    where: Where = None,
    measures: Measures = None,
    compare: CompareWith = None,
    sort: Annotated[str | None, typer.Option(show_default="the first measure", help="measure to sort by")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="show at most this many rows")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="leave out so many rows")] = 0,
    large: Annotated[bool, typer.Option("--large", help="answer even if that reads for minutes")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="show what is read, and how much was")] = False,
    as_json: AsJson = False,
    no_header: NoHeader = False,
) -> None:
    """Count clicks: by time, program, affiliate, code, country and more.

    A number is always what counting the rows of clicks gives. Days are those of the reporting zone. What would read
    too much is refused, unless --large is given.
    """
    from storage.read.asking.question import Question, Range

    def write(state: "RollupState") -> "Question":
        today = state.now.astimezone(state.zone).date()
        first, after = today - timedelta(days=DAYS - 1), today + timedelta(days=1)
        asked = Range(read_moment(since, today) or first, read_moment(until, today) or after)
        return Question(
            range=asked,
            measures=tuple(measures or ("people", "uniques", "bots")),
            by=tuple(by or ()),
            where=tuple(map(read_filter, where or ())),
            compare=read_compare(compare),
            sort=sort,
            limit=limit,
            offset=offset,
        )

    async def work(connection: "asyncpg.Connection") -> "tuple[Answer | Refusal, Explanation | None]":
        from storage.read.asking.answer import Answer
        from storage.read.asking.description import explain_plan
        from storage.read.asking.state import read_state

        state = await read_state(connection, datetime.now(UTC))
        answer = await find_answer(connection, write(state), state.now, large=large)
        return answer, await explain_plan(connection, answer.plan) if explain and isinstance(answer, Answer) else None

    with exit_on(CannotRead):
        answer, explanation = run(database_url, work)
    ask_output.show(unwrap_answer(answer), explanation, as_json=as_json, header=not no_header)


async def find_answer(
    connection: "asyncpg.Connection", question: "Question", now: datetime, *, large: bool
) -> "Answer | Refusal":
    from storage.read.asking.asker import ask as ask_now
    from storage.read.asking.large import LargeAnswers
    from storage.read.asking.plan import TooLarge

    answer = await ask_now(connection, question, now)
    return await LargeAnswers().ask(connection, question, now) if large and isinstance(answer, TooLarge) else answer


def read_compare(text: str | None) -> "Compare | None":
    match text:
        case None | "previous" | "year":
            return text
        case _:
            raise CannotRead(f"--compare: {text} is nothing to compare with: previous or year")


def unwrap_answer(answer: "Answer | Refusal") -> "Answer":
    """Return the answer; exit with the reason if there is none."""
    from storage.read.asking.answer import Answer
    from storage.read.asking.plan import TooLarge

    with exit_on(CommandError):
        if isinstance(answer, TooLarge):
            raise CommandError(f"{answer}. Ask for fewer days or without a filter, or add --large and wait")
        if not isinstance(answer, Answer):
            raise CommandError(answer.reason)
    return answer
