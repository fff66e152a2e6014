"""Scores the clicks of a time again, with any rules: first what would change, then the writing."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final, Protocol

import asyncpg
import msgspec

from quality.rules import Rules
from quality.settling_click import SettledClick
from runtime.garbage import collecting_rarely
from schemas import EnrichedClick, Signal
from storage.read.settling import StoredEvidence
from storage.scored_clicks import ScoredClick
from storage.scores import ScoreWriter
from storage.settling import LOOK_AHEAD, Step, score_settled, write_scores

READ_S: Final = 60.0
READ_CURRENT: Final = """
    SELECT DISTINCT ON (click_id) click_id, band, signals FROM click_scores
    WHERE clicked_at >= $1 AND clicked_at <= $2 ORDER BY click_id, scored_at DESC
"""
NAMES: Final = msgspec.json.Decoder(list[Signal])

Current = tuple[str | None, frozenset[str]]
"""The band and the signals that count for a click now."""


class SettlesClicks(Protocol):
    """A pass over clicks of the table, or of the topic."""

    async def step(self, until: datetime) -> Step: ...


class Report(msgspec.Struct):
    """What scoring again changes: clicks by band before and after, and signals that come and go."""

    clicks: int = 0
    written: int = 0
    bands: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    come: Counter[str] = msgspec.field(default_factory=Counter)
    gone: Counter[str] = msgspec.field(default_factory=Counter)

    @property
    def changed(self) -> int:
        """The number of clicks whose band changes."""
        return sum(count for (before, after), count in self.bands.items() if before != after)

    def add(self, scored: Sequence[ScoredClick], current: Sequence[Current]) -> None:
        """Count the clicks of a page, and what counted for them before."""
        self.clicks += len(scored)
        self.bands.update(
            (band or "not scored", one.fraud.band or "") for one, (band, _) in zip(scored, current, strict=True)
        )
        for one, (_, names) in zip(scored, current, strict=True):
            if names or one.fraud.signals:
                found = {signal.name for signal in one.fraud.signals}
                self.come.update(found - names)
                self.gone.update(names - found)


async def rescore(
    connection: asyncpg.Connection, settling: SettlesClicks, rules: Rules, until: datetime, *, write: bool
) -> Report:
    """Score the clicks before `until` again, from where `settling` begins. Without `write` only count the changes."""
    report, writer = Report(), ScoreWriter(connection)
    with collecting_rarely():
        async for settled in read_steps(settling, until):
            scored = score_settled(settled, rules)
            current = await read_current(connection, settled)
            report.add(scored, current)
            if write:
                report.written += await write_scores(connection, writer, scored)
    return report


async def read_steps(settling: SettlesClicks, until: datetime) -> AsyncIterator[Sequence[SettledClick]]:
    """Give the settled clicks before `until`, page by page; the clicks of 120 s after it are read for them."""
    is_last = False
    while not is_last:
        step = await settling.step(until + LOOK_AHEAD)
        is_last = step.is_last
        if settled := [one for one in step.settled if one.click.clicked_at < until]:
            yield settled


async def read_current(connection: asyncpg.Connection, settled: Sequence[SettledClick]) -> list[Current]:
    """Read what counts for these clicks now: the newest settled score, else the live one."""
    first, last = settled[0].click.clicked_at, settled[-1].click.clicked_at
    rows = await connection.fetch(READ_CURRENT, first, last, timeout=READ_S)
    stored = {row["click_id"]: (row["band"], read_names(row["signals"])) for row in rows}
    return [stored.get(one.click.click_id) or read_live(one) for one in settled]


def read_live(settled: SettledClick) -> Current:
    evidence = settled.click.evidence
    if isinstance(evidence, StoredEvidence):
        return evidence.live_band, read_names(evidence.live_signals)
    if isinstance(evidence, EnrichedClick):
        return evidence.fraud.band, frozenset(signal.name for signal in evidence.fraud.signals)
    raise TypeError(f"no live score in {type(evidence)}")


@lru_cache(8192)
def read_names(signals: str | None) -> frozenset[str]:
    return frozenset(signal.name for signal in NAMES.decode(signals)) if signals else frozenset()
