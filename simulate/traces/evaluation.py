"""Compares the truth of traces with what a scorer says of their clicks. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from simulate.traces.labels import Label

FLAGGED: Final = 60
"""The score from which a click is likely invalid."""


class Verdict(msgspec.Struct, frozen=True):
    """What a scorer says of one click; `is_unique` is null where uniqueness was not judged."""

    score: int
    is_unique: bool | None = None


class Evaluation(msgspec.Struct, kw_only=True):
    """The counts of one trace. `people` and `machines` are clicks, `unscored` those of both without a verdict.

    `uniques_true` are the unique windows that people opened, `uniques_counted` the people's clicks judged unique,
    `uniques_of_machines` the machines' clicks judged unique and not flagged, `uniques_unjudged` the people's clicks
    whose uniqueness was not judged.
    """

    trace: str
    people: int = 0
    people_flagged: int = 0
    machines: int = 0
    machines_found: int = 0
    unscored: int = 0
    uniques_true: int = 0
    uniques_counted: int = 0
    uniques_of_machines: int = 0
    uniques_unjudged: int = 0

    @property
    def people_flagged_share(self) -> float | None:
        """The share of people's clicks that are flagged; None without people."""
        return self.people_flagged / self.people if self.people else None

    @property
    def machines_found_share(self) -> float | None:
        """The share of machines' clicks that are flagged; None without machines."""
        return self.machines_found / self.machines if self.machines else None

    def count(self, label: Label, verdict: Verdict | None, flagged: int) -> None:
        is_flagged = verdict is not None and verdict.score >= flagged
        is_unique = verdict.is_unique if verdict is not None else None
        self.unscored += verdict is None
        if label.who == "person":
            self.people += 1
            self.people_flagged += is_flagged
            self.uniques_true += label.is_unique
            self.uniques_counted += is_unique is True
            self.uniques_unjudged += is_unique is None
        else:
            self.machines += 1
            self.machines_found += is_flagged
            self.uniques_of_machines += is_unique is True and not is_flagged


def evaluate(labels: Iterable[Label], verdicts: Mapping[str, Verdict], flagged: int = FLAGGED) -> dict[str, Evaluation]:
    """Count by trace, in the order of the labels. `verdicts` are by click id; requests without a click do not count."""
    traces: dict[str, Evaluation] = {}
    for label in labels:
        if label.click_id is not None:
            found = traces.setdefault(label.trace, Evaluation(trace=label.trace))
            found.count(label, verdicts.get(label.click_id), flagged)
    return traces
