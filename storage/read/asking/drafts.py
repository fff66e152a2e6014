"""The ways to answer a question, the best first. How many rows each reads has still to be counted. Pure.

Short recent ranges are read from minutes, longer ones and those of many programs from hours, days and months. What a
period cuts is counted from finer ones, and in the end from rows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from storage.read.asking.periods import ceil_period
from storage.read.asking.plan import MOST_LISTED, MOST_PENDING, Kind, NotKept, Plan, Source
from storage.read.asking.question import Question, Span, locate
from storage.read.asking.scope import KIND_NAMES, KINDS, Scope, find_entity_filter, find_scope
from storage.read.asking.segments import MINUTES_KEPT, ROLLED, Grain, Segment, cut_range, find_rolled
from storage.read.asking.state import RollupState
from storage.rollups.dimensions import DETAILED_FROM, DIMENSIONS

SHORT: Final = timedelta(hours=26)
LONG: Final = timedelta(days=400)
COVERED: Final = frozenset({"people", "bots", "app_fetches", "prefetches", "tests"})
COVERED_FIELDS: Final = frozenset({"code", "country", "minute", "hour", "day", "month"})
"""What the index by time has, so that no row is read."""
MANY: Final = 10
"""Hours of fewer affiliates or codes are few rows."""
WORDS: Final[Mapping[Grain, str]] = {"m": "months", "d": "days", "h": "hours"}


def draft_plans(question: Question, state: RollupState) -> list[Plan | NotKept]:
    """Give the ways to answer a question, the best first. How many rows each reads has still to be counted."""
    span = locate(question.range, state.zone)
    scope = find_scope(question)
    from_rows = draft_from_rows(question, state, span, scope if isinstance(scope, str) else "")
    if isinstance(scope, str) or span.begin < state.counted_from:
        return [from_rows]
    from_days = draft_from_rollups(question, state, span, scope)
    with_today = draft_with_today(question, state, span, scope)
    drafts = [from_days] if with_today is None else [with_today, from_days]
    # Days say more exactly which clicks are gone or hidden; months are fewer rows. So are hours than the minutes of
    # many programs, each counted by every sink.
    coarse = draft_from_rollups(question, state, span, scope, is_coarse=True)
    drafts += [coarse] if coarse != from_days else []
    if isinstance(from_days, Plan) and can_be_bounded(from_days):
        drafts.append(draft_from_busiest(from_days))
    return [*drafts, from_rows]


def is_kept(question: Question, state: RollupState) -> bool:
    """Tell whether what would answer a question is kept, however much of it."""
    return any(isinstance(draft, Plan) for draft in draft_plans(question, state))


def draft_from_rows(question: Question, state: RollupState, span: Span, reason: str) -> Plan | NotKept:
    if find_gone(state, [Segment("rows", span.begin, span.end)]):
        return NotKept(explain_gone(state, reason or "the question needs the clicks themselves"))
    why = reason if span.begin >= state.counted_from else "the clicks of before there were rollups are not counted yet"
    return Plan(question, state, span, None, (read_rows(question, Segment("rows", span.begin, span.end), why),))


def draft_from_rollups(
    question: Question, state: RollupState, span: Span, scope: Scope, *, is_coarse: bool = False
) -> Plan | NotKept:
    segments = cut_range(state, span, choose_grains(question, state, span, scope, is_coarse=is_coarse))
    if find_gone(state, segments):
        return NotKept(explain_gone(state, "the range begins or ends within a period that is counted as a whole"))
    sources = [read_segment(question, segment, scope) for segment in segments]
    if rolled := find_rolled(segments):
        if state.pending is not None and (pending := rolled.overlap(state.pending)):
            # Not for the whole range: PostgreSQL would plan each of its days, of clicks and of scores.
            why = f"clicks that are not in the rollups yet; more than {MOST_PENDING:,} are left out"
            sources.append(Source("pending", pending.begin, pending.end, why, most=MOST_PENDING))
        if scope.is_detail:
            why = f"days on which the {KIND_NAMES[scope.kind]} had too few clicks to be counted by {scope.names}"
            sources.append(Source("quiet", rolled.begin, rolled.end, why, "d"))
        sources += look_for_hidden(question, sources)
    return Plan(question, state, span, scope, tuple(sources))


def draft_with_today(question: Question, state: RollupState, span: Span, scope: Scope) -> Plan | None:
    """Count the day that is not over as a whole, and take away the clicks after the range, which ends now or did today.

    All affiliates or codes of the hours of a day are as many rows as those of some weeks. Null where that is no help.
    """
    end = ceil_period(span.end, "day", state.zone)
    named = find_entity_filter(question)
    are_few = scope.kind == "p" or (named is not None and len(named.values) < MANY)
    is_of_today = span.end < end and state.now < end
    if are_few or scope.dimensions or question.unit in ("minute", "hour") or not is_of_today:
        return None
    plan = draft_from_rollups(question, state, Span(span.begin, end), scope)
    if not isinstance(plan, Plan) or plan.rolled is None or plan.rolled.begin >= span.end:
        return None
    if find_gone(state, [Segment("rows", span.end, end)]):
        return None
    sources = [cut_pending(source, span.end) for source in plan.sources if source.begin < span.end]
    sources.append(Source("after", span.end, end, "clicks after the range, of the day that is not over: taken away"))
    return msgspec.structs.replace(plan, span=span, sources=tuple(sources))


def cut_pending(source: Source, end: datetime) -> Source:
    """Let the clicks that are not in the rollups end with the range: what is taken away is in the rollups."""
    return msgspec.structs.replace(source, end=min(source.end, end)) if source.kind == "pending" else source


def look_for_hidden(question: Question, sources: Sequence[Source]) -> list[Source]:
    """Look for days on which a value that is asked for may be among the other ones, which are counted together."""
    if not any(one.field in DIMENSIONS for one in question.where):
        return []
    why = "days on which a value may be among (other), or not: none may be found"
    return [Source("hidden", one.begin, one.end, why, one.grain) for one in sources if one.kind == "rollups"]


def can_be_bounded(plan: Plan) -> bool:
    """Return whether a question asks for the top of all affiliates or codes."""
    question, scope = plan.question, plan.scope
    return (
        scope is not None
        and scope.kind != "p"
        and not scope.dimensions
        and question.by == (KIND_NAMES[scope.kind],)
        and find_fields(question) <= {KIND_NAMES[scope.kind], "program"}
        and not any(one.field in KINDS for one in question.where)
        and any(source.grain == "d" for source in plan.sources)
        and question.sort in {None, *question.measures}
        and not question.is_ascending
        and question.offset + question.limit <= MOST_LISTED
    )


def draft_from_busiest(plan: Plan) -> Plan:
    """Add up only those that were busy on a day: all others together are below them, if they are listed at all."""
    why = f"days of those that had {DETAILED_FROM:,} clicks on one of them; the others had fewer"
    sources = (
        Source("busy", source.begin, source.end, why, "d")
        if source.kind == "rollups" and source.grain == "d"
        else source
        for source in plan.sources
    )
    return msgspec.structs.replace(plan, sources=tuple(sources))


def choose_grains(
    question: Question, state: RollupState, span: Span, scope: Scope, *, is_coarse: bool = False
) -> Sequence[Grain]:
    by_months = is_coarse or span.length > LONG
    if scope.dimensions:
        long = by_months and question.unit != "day" and scope.kind == "p" and len(scope.dimensions) == 1
        return ("m", "d", "rows") if long else ("d", "rows")
    fine: Sequence[Grain] = ("minute", "rows") if scope.kind == "p" else ("rows",)
    is_short = span.length <= SHORT and span.begin >= state.now - MINUTES_KEPT and scope.kind == "p"
    if question.unit == "minute" or (is_short and not is_coarse):
        return fine
    if question.unit == "hour":
        return ("h", *fine)
    months: Sequence[Grain] = ("m",) if by_months and question.unit != "day" else ()
    return (*months, "d", "h", *fine)


def read_segment(question: Question, segment: Segment, scope: Scope) -> Source:
    begin, end, grain = segment.begin, segment.end, segment.grain
    if grain in ROLLED:
        of = f"{KIND_NAMES[scope.kind]}s" + (f" by {scope.names}" if scope.dimensions else "")
        return Source("rollups", begin, end, f"whole {WORDS[grain]} of {of}", grain)
    if grain == "minute":
        return Source("minutes", begin, end, "whole minutes of programs", grain)
    return read_rows(question, segment, "the range begins or ends within a period that is counted as a whole")


def read_rows(question: Question, segment: Segment, why: str) -> Source:
    path = find_entity_filter(question)
    is_covered = path is None and set(question.measures) <= COVERED and find_fields(question) <= COVERED_FIELDS
    by = "time" if path is None else f"{path.field} and time"
    kind: Kind = "index" if is_covered else "rows"
    return Source(kind, segment.begin, segment.end, f"{why}; found by {by}")


def find_fields(question: Question) -> set[str]:
    return {*question.by, *(one.field for one in question.where)}


def find_gone(state: RollupState, segments: Sequence[Segment]) -> bool:
    """Return whether rows of a day are needed that are gone."""
    kept = state.kept_from
    return kept is not None and any(segment.grain == "rows" and segment.begin < kept for segment in segments)


def explain_gone(state: RollupState, reason: str) -> str:
    kept = "" if state.kept_from is None else f"{state.kept_from.astimezone(state.zone):%Y-%m-%d %H:%M}"
    return f"the clicks before {kept} are not kept, only their counts: {reason}"
