"""The metrics that a query of Prometheus names, held against those that our processes export."""

import re
from functools import cache
from typing import Final

from docs.generators.metrics import REGISTRIES, describe_registry, registry_of_any
from ingest.supervisor.status import METRICS

ADDED: Final = frozenset({"job", "instance"})
"""Labels that Prometheus adds to everything that it reads."""
OTHERS: Final = {
    "up": ADDED,  # Prometheus' own
    "node_filesystem_avail_bytes": ADDED | {"mountpoint", "fstype", "device"},  # node_exporter's
    "node_filesystem_size_bytes": ADDED | {"mountpoint", "fstype", "device"},
}
"""What our rules and dashboards use of other exporters."""

NAME: Final = r"(?:clickrail|kafka|http|process|python|node)_\w+|\bup\b|clickrail:[\w:]+"


@cache
def exported() -> dict[str, frozenset[str]]:
    """Give the labels of every metric of ours, by its name."""
    found: dict[str, frozenset[str]] = {}
    registries = [registry_of_any(), *(make() for make in REGISTRIES.values())]
    for metric in (metric for registry in registries for metric in describe_registry(registry)):
        labels = ADDED | set(metric.labels)
        found[metric.name] = labels | ({"le"} if metric.type == "histogram" else set()) | found.get(metric.name, ADDED)
        if metric.type == "histogram":
            for part in ("_sum", "_count"):
                found[metric.name.removesuffix("_bucket") + part] = labels
    return found | {name: ADDED | {"worker"} for name, _, _ in METRICS}


def named(query: str) -> list[tuple[str, set[str]]]:
    """Give the metrics that a query names, each with the labels that it selects by."""
    without_texts = re.sub(r'"[^"]*"', '""', query)
    return [
        (match["name"], set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", match["labels"] or "")))
        for match in re.finditer(rf"(?<![\w:])(?P<name>{NAME})(?:\{{(?P<labels>[^}}]*)\}})?", without_texts)
    ]


def unknown(query: str, known: dict[str, frozenset[str]]) -> list[str]:
    """Say which metrics of a query nobody exports, and by which labels it selects that they do not have."""
    problems = []
    for name, labels in named(query):
        if name not in known:
            problems.append(name)
        elif not labels <= known[name]:
            problems.append(f"{name}{{{', '.join(sorted(labels - known[name]))}}}")
    return problems
