"""The scores and verdicts of one click: live, settled, and what people decided."""

from datetime import datetime
from typing import Any, Final

import msgspec

from schemas import Fraud, Signal, Uniqueness
from storage.read.queries import QUERY_S, Reader

LIVE: Final = "live"
SETTLED: Final = "settled"
MANUAL: Final = "manual"

READ_LIVE: Final = """
    SELECT fraud_score AS score, fraud_band AS band, fraud_ivt_class AS ivt_class, fraud_rules AS rules,
        fraud_stage AS stage, fraud_signals AS signals, is_unique, unique_basis, first_click_id, unique_status
    FROM clicks WHERE click_id = $1 AND clicked_at = $2
"""
READ_SETTLED: Final = """
    SELECT score, band, ivt_class, rules, stage, signals, scored_at, is_unique, unique_basis, first_click_id,
        unique_status
    FROM click_scores WHERE click_id = $1 AND clicked_at = $2 ORDER BY scored_at DESC
"""
READ_MANUAL: Final = """
    SELECT verdict, why, who, decided_at FROM click_verdicts WHERE click_id = $1 ORDER BY number DESC
"""


class SettledScore(msgspec.Struct, frozen=True):
    """A score that was computed after the click, and when. `unique` is null in rows of before there was such."""

    fraud: Fraud
    scored_at: datetime
    unique: Uniqueness | None = None


class ManualVerdict(msgspec.Struct, frozen=True):
    """What a person decided: `valid`, `invalid`, or `withdrawn`, which ends the verdict before it."""

    verdict: str
    why: str
    who: str
    decided_at: datetime


class Verdict(msgspec.Struct, frozen=True):
    """Every verdict about one click.

    `settled` holds one score for each set of rules, and `manual` every decision, both the newest first.
    """

    live: Fraud
    settled: list[SettledScore]
    manual: list[ManualVerdict]
    live_unique: Uniqueness = Uniqueness()

    @property
    def settled_unique(self) -> Uniqueness | None:
        """Whether the click is unique as settled; null if it is not settled yet, or was by an older version."""
        return self.settled[0].unique if self.settled else None

    @property
    def unique(self) -> Uniqueness:
        """The uniqueness that counts: the settled one, else the live one. No person decides on it."""
        return self.settled_unique or self.live_unique

    @property
    def source(self) -> str:
        """Where the verdict that counts comes from: `manual`, `settled` or `live`."""
        if self.decision is not None:
            return MANUAL
        return SETTLED if self.settled else LIVE

    @property
    def decision(self) -> ManualVerdict | None:
        """The manual verdict that counts; None if there is none, or it was withdrawn."""
        return self.manual[0] if self.manual and self.manual[0].verdict != "withdrawn" else None

    @property
    def newest(self) -> Fraud:
        """The verdict that counts: the newest score, whose band and class a person's decision replaces."""
        computed = self.settled[0].fraud if self.settled else self.live
        return decide_score(computed, None if self.decision is None else self.decision.verdict)


def decide_score(computed: Fraud, verdict: str | None) -> Fraud:
    """Replace the band and the class of a score by a person's verdict, if there is one."""
    if verdict is None:
        return computed
    if verdict == "valid":
        return msgspec.structs.replace(computed, band="clean", ivt_class=None)
    return msgspec.structs.replace(computed, band="invalid", ivt_class=computed.ivt_class or "sivt")


async def find_verdict(reader: Reader, click_id: str, clicked_at: datetime) -> Verdict | None:
    """Return the verdicts about a click; None if the table does not have it. `clicked_at` is that of its row."""
    live = await reader.fetchrow(READ_LIVE, click_id, clicked_at, timeout=QUERY_S)
    if live is None:
        return None
    settled = await reader.fetch(READ_SETTLED, click_id, clicked_at, timeout=QUERY_S)
    manual = await reader.fetch(READ_MANUAL, click_id, timeout=QUERY_S)
    return Verdict(
        read_score(live),
        [SettledScore(read_score(row), row["scored_at"], read_unique(row)) for row in settled],
        [ManualVerdict(*row) for row in manual],
        read_unique(live) or Uniqueness(),
    )


def read_unique(row: Any) -> Uniqueness | None:
    """Rebuild a uniqueness from its columns; null if it was not judged again."""
    if row["unique_status"] is None:
        return None
    return Uniqueness(
        is_unique=row["is_unique"],
        basis=row["unique_basis"],
        first_click_id=row["first_click_id"],
        status=row["unique_status"],
    )


def read_score(row: Any) -> Fraud:
    """Rebuild a score from its columns."""
    return Fraud(
        score=row["score"],
        band=row["band"],
        ivt_class=row["ivt_class"],
        rules=row["rules"],
        stage=row["stage"],
        signals=msgspec.json.decode(row["signals"] or "[]", type=list[Signal]),
    )
