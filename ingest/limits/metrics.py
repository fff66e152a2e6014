"""Metrics of the limits. The hot path increments plain integers; Prometheus collects them on request."""

from collections.abc import Iterable
from typing import Final, Literal, Protocol, TypeAlias

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ingest.limits.policy import Admit, LimitKind, Outcome, Skip

Action: TypeAlias = Literal["flag", "skip", "refuse"]

LIMIT_KINDS: Final[tuple[LimitKind, ...]] = ("client", "code")
ACTIONS: Final[tuple[Action, ...]] = ("flag", "skip", "refuse")


class LimitMetrics(Collector):
    """Clicks over a limit by outcome, and exchanges with other processes."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.limited = {(by, action): 0 for by in LIMIT_KINDS for action in ACTIONS}
        self.exchanges = dict.fromkeys(("ok", "away", "refused", "skipped"), 0)
        if registry is not None:
            registry.register(self)

    def count(self, outcome: Outcome) -> None:
        """Count a click that is over a limit."""
        if not isinstance(outcome, Admit):
            self.limited[outcome.by, "skip" if isinstance(outcome, Skip) else "refuse"] += 1
        elif outcome.limit is not None:
            self.limited[outcome.limit, "flag"] += 1

    def collect(self) -> Iterable[Metric]:
        limited = CounterMetricFamily(
            "clickrail_limited",
            "Clicks over a limit, by kind of limit and outcome: flag (counted and marked),"
            " skip (302 without a click), refuse (429).",
            labels=["by", "action"],
        )
        for (by, action), count in self.limited.items():
            limited.add_metric([by, action], count)
        yield limited
        exchanges = CounterMetricFamily(
            "clickrail_limit_exchanges",
            "Exchanges of limits with other processes, by outcome: ok, away (no answer in time), refused (an error),"
            " skipped (Redis did not answer shortly before).",
            labels=["outcome"],
        )
        for outcome, count in self.exchanges.items():
            exchanges.add_metric([outcome], count)
        yield exchanges


class KeyCounts(Protocol):
    """Counts remembered clients and codes, and clicks that were never reported to other processes."""

    @property
    def keys(self) -> int: ...

    @property
    def unreported(self) -> int: ...


class KeyMetrics(Collector):
    """Remembered keys, and clicks that were never reported to other processes."""

    def __init__(self, registry: CollectorRegistry, limits: KeyCounts) -> None:
        self._limits = limits
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        yield CounterMetricFamily(
            "clickrail_limit_untold",
            "Clicks never reported to other processes, because too many keys were pending.",
            value=self._limits.unreported,
        )
        yield GaugeMetricFamily("clickrail_limit_keys", "Remembered clients and codes.", value=self._limits.keys)
