"""The anomalies of a click by itself: one of them makes a second visit of a personal link a twin. Pure."""

from collections.abc import Callable, Mapping
from typing import Final

from quality.evidence import Evidence
from quality.signals import (
    find_hint_contradiction,
    find_missing_hints,
    find_missing_language,
    find_network_kind,
    find_other_fetch,
    find_stale_browser,
)
from schemas import Signal

ANOMALIES: Final[tuple[Callable[[Evidence, Mapping[str, float]], Signal | None], ...]] = (
    find_network_kind,
    find_missing_language,
    find_hint_contradiction,
    find_missing_hints,
    find_other_fetch,
    find_stale_browser,
)
KINDS_WITH_ANOMALY: Final = frozenset({"hosting", "mail_security"})


def find_anomaly(click: Evidence, values: Mapping[str, float]) -> str | None:
    """Name the first signal of a machine that this click has by itself; VPNs and Tor are none."""
    for find in ANOMALIES:
        if find is find_network_kind and click.network.kind not in KINDS_WITH_ANOMALY:
            continue
        signal = find(click, values)
        if signal is not None and signal.weight > 0:
            return signal.name
    return None
