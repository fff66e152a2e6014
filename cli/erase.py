"""`clickrail erase`: make clicks anonymous because their visitor asks for it. Every count stays as it was."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.database import CommandError, run
from cli.errors import exit_on
from cli.options import AsJson, DatabaseUrl
from cli.output import count, show_json, show_one

if TYPE_CHECKING:
    import asyncpg

    from storage.erasure.request import ErasureReport, ErasureRequest, ForgetClaims

LONGEST_WHY = 500
Click = Annotated[
    str | None, typer.Option("--click", metavar="ID", show_default=False, help="erase the click with this id or token")
]
VisitorOf = Annotated[
    str | None,
    typer.Option(
        "--visitor-of",
        metavar="ID",
        show_default=False,
        help="erase this click and every click tied to it: by cookie, and by the same browser at the same address",
    ),
]
IpHash = Annotated[
    str | None,
    typer.Option("--ip-hash", metavar="HASH", show_default=False, help="erase all clicks with this ip_hash"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="show what would be erased, by day, and change nothing")]
Why = Annotated[str, typer.Option("--why", show_default=False, help="the reason, for your records; name nobody in it")]
RedisUrl = Annotated[
    str | None, typer.Option(envvar="CLICKRAIL_REDIS_URL", show_default=False, help="Redis of the enricher")
]
RedisPrefix = Annotated[str, typer.Option(envvar="CLICKRAIL_REDIS_PREFIX", help="prefix of every key in Redis")]
NoRedis = Annotated[bool, typer.Option("--no-redis", help="leave Redis alone: what it has of clicks expires")]


def erase(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command line
    database_url: DatabaseUrl,
    click: Click = None,
    visitor_of: VisitorOf = None,
    ip_hash: IpHash = None,
    dry_run: DryRun = False,
    why: Why = "",
    redis_url: RedisUrl = None,
    redis_prefix: RedisPrefix = "clickrail",
    no_redis: NoRedis = False,
    as_json: AsJson = False,
) -> None:
    """Make clicks anonymous for good, and keep them in every count. Safe to interrupt: run it again."""
    with exit_on(CommandError):
        request = read_request(click, visitor_of, ip_hash, why)
    url = None if no_redis or dry_run else redis_url

    async def work(connection: "asyncpg.Connection") -> "ErasureReport":
        from storage.erasure.erasing import erase as erase_clicks
        from storage.erasure.plan import NothingFound, plan_erasure

        try:
            if dry_run:
                return await plan_erasure(connection, request)
            async with claims_of(url, redis_prefix) as forget:
                return await erase_clicks(connection, request, forget)
        except NothingFound:
            raise CommandError(describe_missing(request)) from None

    report = run(database_url, work)
    if as_json:
        show_json(make_json(report, dry_run=dry_run))
    else:
        show_report(report, dry_run=dry_run)


def read_request(click: str | None, visitor_of: str | None, ip_hash: str | None, why: str) -> "ErasureRequest":
    """Read what to erase. Raises CommandError unless it is exactly one thing."""
    from console.clicks.why_missing import read_id
    from storage.erasure.request import ErasureRequest

    if sum(one is not None for one in (click, visitor_of, ip_hash)) != 1:
        raise CommandError("give one of --click, --visitor-of and --ip-hash")
    if len(why) > LONGEST_WHY:
        raise CommandError(f"--why is longer than {LONGEST_WHY} characters")
    if ip_hash is not None:
        return ErasureRequest("ip_hash", ip_hash.strip().lower(), why)
    asked = click or visitor_of or ""
    if (ulid := read_id(asked)) is None:
        raise CommandError(f"{asked} is no click id: it has 26 letters and digits")
    return ErasureRequest("click" if click is not None else "visitor", ulid, why)


@asynccontextmanager
async def claims_of(url: str | None, prefix: str) -> "AsyncIterator[ForgetClaims | None]":
    if url is None:
        yield None
        return
    from cli.visitor_claims import open_claims

    async with open_claims(url, prefix) as forget:
        yield forget


def describe_missing(request: "ErasureRequest") -> str:
    if request.asked == "ip_hash":
        return "no click and no rejection has this ip_hash: it may be mistyped, or erased already"
    return (
        f"neither the table nor a dead letter has the click {request.value}: it may still be on its way"
        " (try again in a minute), or its day was dropped"
    )


def make_json(report: "ErasureReport", *, dry_run: bool) -> dict[str, Any]:
    from msgspec.structs import asdict

    return asdict(report) | {"dry_run": dry_run}


def show_report(report: "ErasureReport", *, dry_run: bool) -> None:
    """Print what was changed, what stays, and what others still have."""
    if report.erased_at is not None:
        print(f"This click was erased on {report.erased_at:%Y-%m-%d %H:%M} UTC. Nothing was changed.")
        return
    anonymous = "would be made anonymous" if dry_run else "made anonymous"
    show_one(
        {
            "clicks": f"{report.clicks:,} {anonymous}, with {count(report.scores, 'score')} and"
            f" {count(report.verdicts, 'verdict')}"
            if not dry_run
            else f"{report.clicks:,} {anonymous}",
            "by day": [f"{day}: {number:,}" for day, number in report.days.items()],
            "links": f"{report.links:,} of other clicks or scores to them",
            "dead letters": f"{report.letters:,} {'would be deleted' if dry_run else 'deleted'}",
            "rejections": f"{report.rejections:,} {anonymous}",
            "stays": "every count: the rows stay, without anything that names the visitor",
            "Redis": describe_claims(report, dry_run=dry_run),
            "Kafka": describe_copies(report, dry_run=dry_run),
        }
    )


def describe_claims(report: "ErasureReport", *, dry_run: bool) -> str:
    if dry_run:
        return "what it has of these clicks would be deleted, if CLICKRAIL_REDIS_URL is given"
    if report.claims is None:
        return "not asked: what it has expires, within the program's unique window and a day"
    return f"{count(report.claims, 'key')} or entries deleted"


def describe_copies(report: "ErasureReport", *, dry_run: bool) -> list[str]:
    """Say until when Kafka keeps its copies."""
    from datetime import UTC, datetime

    if dry_run:
        return ["keeps its copies until its retention has passed"]
    kept = {topic: until for topic, until in report.copies.items() if until > datetime.now(UTC)}
    lines = [
        f"{topic} keeps its copies until {until:%Y-%m-%d %H:%M} UTC; the sink refuses them"
        for topic, until in kept.items()
    ]
    return (
        [*lines, "It deletes whole segments, so a quiet topic keeps them longer: by up to segment.ms"]
        if lines
        else ["its retention has passed for all of them"]
    )
