"""One round of the settler: the clicks whose time has come, those that came late, the days that are over."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

import asyncpg
import structlog

from quality.rules import Rules
from runtime.errors import DependencyAway
from runtime.postgres import is_pooled
from settler.metrics import SettlerMetrics
from settler.parts import Part
from storage.affiliate_quality import count_day, list_marked
from storage.scored_clicks import ScoredClick
from storage.scores import ScoreWriter
from storage.settling import (
    LOOK_AHEAD,
    PAGE,
    Overtaken,
    Progress,
    TablePass,
    note_quality,
    note_stored,
    read_progress,
    score_settled,
    start_progress,
    write_scores,
    write_step,
)
from storage.unsettled import LATE_PAGE, LateClicks, Span, find_late, find_ranges, keep_near

log = structlog.get_logger()

DAY: Final = timedelta(days=1)
STORED_OVERLAP: Final = timedelta(minutes=15)
"""A row's `stored_at` is earlier than its commit: by less than this, which is longer than the sink's transactions."""
LATE_EVERY: Final = timedelta(minutes=10)
RECOUNT_EVERY: Final = timedelta(hours=1)
"""Cookies come back all the time, to any day of the last seven; each count reads all clicks of its day."""
LOCK: Final = "SELECT pg_try_advisory_lock(hashtextextended('clickrail settler of ' || current_schema(), 0))"
NEWEST: Final = "SELECT clicked_at, stored_at FROM clicks ORDER BY clicked_at DESC LIMIT 1"


class AnotherSettler(DependencyAway):
    """Another settler is at work. This one waits, and takes over when the other ends."""


class Rounds:
    """The work over one connection. After any exception, begin again with another: all state is in the database."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        metrics: SettlerMetrics,
        behind: timedelta,
        page: int = PAGE,
        *,
        late_page: int = LATE_PAGE,
    ) -> None:
        self._connection = connection
        self._metrics = metrics
        self._behind = behind
        self._page = page
        self._late_page = late_page
        self._writer = ScoreWriter(connection)
        self._pass: tuple[Rules, TablePass] | None = None
        self._late = Part("late clicks are not settled", LATE_EVERY)
        self._days = Part("days are not counted for affiliates")
        self._marked = Part("days are not counted again for affiliates", RECOUNT_EVERY)

    async def lock(self) -> None:
        """Become the only settler. Raises AnotherSettler. Through a pooler only the progress guards against others."""
        if not is_pooled(self._connection) and not await self._connection.fetchval(LOCK):
            raise AnotherSettler("another settler is at work")

    async def run(self, rules: Rules, now: datetime, should_stop: Callable[[], bool] = lambda: False) -> Progress:
        """Do all there is to do at this moment; return how far it came. Raises Overtaken and asyncpg's errors.

        What is done beside settling new clicks may fail by itself: `problem` says so.
        """
        await start_progress(self._connection, now - DAY, now)
        progress = await self._settle(rules, await self._find_horizon(now), should_stop)
        await self._late.run(self._connection, now, lambda: self._settle_late(rules, progress, now, should_stop))
        await self._days.run(self._connection, now, lambda: self._count_days(progress, should_stop))
        await self._marked.run(self._connection, now, lambda: self._recount_days(should_stop))
        self._metrics.behind.set((now - progress.settled_until).total_seconds())
        return progress

    @property
    def problem(self) -> str | None:
        """Why parts of the last rounds failed; None: none did."""
        return "; ".join(part.problem for part in (self._late, self._days, self._marked) if part.problem) or None

    async def _find_horizon(self, now: datetime) -> datetime:
        """Return the time up to which clicks are read: less than `now` by the delay, and by the sink's lag."""
        newest = await self._connection.fetchrow(NEWEST)
        lag = timedelta(0) if newest is None else max(timedelta(0), newest["stored_at"] - newest["clicked_at"])
        # With nothing stored for longer than the delay, waiting brings nothing.
        is_silent = newest is None or now - newest["stored_at"] > self._behind
        return now - self._behind + LOOK_AHEAD - (timedelta(0) if is_silent else lag)

    async def _settle(self, rules: Rules, until: datetime, should_stop: Callable[[], bool]) -> Progress:
        progress = await self._read_progress()
        while until - LOOK_AHEAD > progress.settled_until and not should_stop():
            if self._pass is None or self._pass[0] != rules:
                self._pass = rules, TablePass(self._connection, rules, progress.settled_until, self._page)
            step = await self._pass[1].step(until)
            scored = score_settled(step.settled, rules)
            await write_step(self._connection, self._writer, scored, progress.settled_until, step.settled_until)
            self._count(scored)
            progress = await self._read_progress()
            if step.is_last:
                break
        return progress

    async def _settle_late(
        self, rules: Rules, progress: Progress, now: datetime, should_stop: Callable[[], bool]
    ) -> None:
        """Settle clicks that were stored late, and those around them. If it is stopped, the next one does the rest."""
        if should_stop():
            return
        late = await self._find_late(progress, now, should_stop)
        if late.clicks:
            # What is remembered of the last day does not have them.
            self._pass = None
        for spans in find_ranges(late.spans):
            await self._settle_range(rules, spans, progress.settled_until, should_stop)
        if should_stop():
            return
        self._metrics.late.inc(late.clicks)
        if late.clicks:
            log.info("late clicks settled", clicks=late.clicks)
        await note_stored(self._connection, now)
        # Their scores have marked these days: where one is not counted now, it is within an hour.
        for day in sorted(late.days):
            if day < progress.quality_until and not should_stop():
                await count_day(self._connection, day)

    async def _find_late(self, progress: Progress, now: datetime, should_stop: Callable[[], bool]) -> LateClicks:
        """Find all of them before the first is settled: once it has a score, nobody can tell that it was late."""
        late, stored = LateClicks(), Span(progress.stored_until - STORED_OVERLAP, now)
        async for times in find_late(self._connection, stored, progress.settled_until, self._late_page):
            late.add(times)
            if should_stop():
                break
        return late

    async def _settle_range(
        self, rules: Rules, spans: Sequence[Span], settled_until: datetime, should_stop: Callable[[], bool]
    ) -> None:
        last = min(spans[-1].last, settled_until)
        again = TablePass(self._connection, rules, spans[0].first, self._page)
        while not should_stop():
            step = await again.step(last + LOOK_AHEAD)
            near = keep_near([one for one in step.settled if one.click.clicked_at <= last], spans)
            scored = score_settled(near, rules)
            await write_scores(self._connection, self._writer, scored)
            if step.is_last:
                return

    async def _count_days(self, progress: Progress, should_stop: Callable[[], bool]) -> None:
        """Count each day all of whose clicks are settled."""
        day = progress.quality_until
        while day < progress.settled_until.astimezone(UTC).date() and not should_stop():
            await count_day(self._connection, day)
            day = date.fromordinal(day.toordinal() + 1)
            await note_quality(self._connection, day)

    async def _recount_days(self, should_stop: Callable[[], bool]) -> None:
        """Count again each day of which a verdict changed after it had been counted."""
        progress = await self._read_progress()
        for day in await list_marked(self._connection, progress.quality_until):
            if should_stop():
                return
            await count_day(self._connection, day)

    async def _read_progress(self) -> Progress:
        progress = await read_progress(self._connection)
        if progress is None:
            # Somebody emptied the table while the settler ran.
            raise Overtaken
        return progress

    def _count(self, scored: list[ScoredClick]) -> None:
        for one in scored:
            self._metrics.settled.labels(one.fraud.band).inc()
