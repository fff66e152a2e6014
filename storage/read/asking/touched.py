"""How many rows a statement touched, read from PostgreSQL's own account of its plan. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec


class Touched(msgspec.Struct, frozen=True):
    """Rows of rollups and minutes, of clicks, and of verdicts that were read, whether they counted or not.

    Rows of clicks that an index answered alone are in `index`.
    """

    rollups: int
    clicks: int
    index: int
    verdicts: int


def count_touched(plan: Mapping[str, Any]) -> Touched:
    """Count the rows in a plan of `EXPLAIN (ANALYZE, FORMAT JSON)`."""
    counts = {"rollups": 0.0, "clicks": 0.0, "index": 0.0, "verdicts": 0.0}
    for node in list_nodes(plan):
        name = node.get("Relation Name", "")
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        rows = (node.get("Actual Rows", 0) + removed) * node.get("Actual Loops", 0)
        if name in ("click_rollups", "click_minutes"):
            counts["rollups"] += rows
        elif name.startswith(("click_scores", "click_verdicts")):
            counts["verdicts"] += rows
        elif name.startswith("clicks"):
            counts["index" if node.get("Node Type") == "Index Only Scan" else "clicks"] += rows
    return Touched(**{name: round(count) for name, count in counts.items()})


def list_nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from list_nodes(child)
