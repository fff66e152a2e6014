"""A panel of a dashboard, as we describe it, and as Grafana reads it."""

from typing import Any, Final, Literal

import msgspec

Kind = Literal["lines", "number", "table"]

SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
TYPES: Final[dict[Kind, str]] = {"lines": "timeseries", "number": "stat", "table": "table"}
HEIGHT: Final[dict[Kind, int]] = {"lines": 8, "number": 4, "table": 8}
OPTIONS: Final[dict[Kind, dict[str, Any]]] = {
    "lines": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "number": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "area",
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "showPercentChange": False,
        "textMode": "auto",
        "wideLayout": True,
    },
    "table": {"showHeader": True, "frameIndex": 0},
}
LINK: Final = {
    "type": "link",
    "icon": "external link",
    "tooltip": "",
    "tags": [],
    "asDropdown": False,
    "includeVars": False,
    "keepTime": False,
    "targetBlank": True,
}
GREEN: Final = {"color": "green", "value": None}


class Panel(msgspec.Struct, frozen=True):
    """One thing to look at.

    `queries` are pairs of PromQL and what each line is called. `meaning` says what is good and what is bad, and
    `runbook` is the page of the alert that is nearest. From `bad` on, a value is red; below it, if `is_bad_below`.
    `unit` is one of Grafana's: short, s, percentunit, bytes, cps (counts per second). `width` is in 24ths of the page.
    """

    title: str
    unit: str
    meaning: str
    runbook: str
    queries: tuple[tuple[str, str], ...]
    kind: Kind = "lines"
    bad: float | None = None
    is_bad_below: bool = False
    width: int = 8


def per_second(metric: str, *by: str) -> str:
    """Give the query for how much a counter grows in a second, over all processes, by these labels."""
    return sum_of(f"rate({metric}[$__rate_interval])", by)


def in_interval(metric: str, *by: str) -> str:
    """Give the query for how much a counter has grown from one point of the graph to the next."""
    return sum_of(f"increase({metric}[$__rate_interval])", by)


def quantile(share: float, histogram: str) -> str:
    """Give the query for what this share of a histogram is below."""
    return f"histogram_quantile({share}, {per_second(f'{histogram}_bucket', 'le')})"


def sum_of(query: str, by: tuple[str, ...]) -> str:
    return f"sum by ({', '.join(by)}) ({query})" if by else f"sum({query})"


def write_panel(panel: Panel, number: int, x: int, y: int) -> dict[str, Any]:
    """Write a panel in Grafana's own model."""
    return {
        "id": number,
        "type": TYPES[panel.kind],
        "title": panel.title,
        "description": panel.meaning,
        "links": [write_link(panel)],
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": HEIGHT[panel.kind]},
        "datasource": SOURCE,
        "targets": [write_target(panel, *query, index) for index, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": write_defaults(panel), "overrides": []},
        "options": OPTIONS[panel.kind],
    }


def write_link(panel: Panel) -> dict[str, Any]:
    return LINK | {"title": f"Runbook: {panel.runbook}", "url": f"${{runbooks}}/{panel.runbook}.md"}


def write_target(panel: Panel, query: str, legend: str, index: int) -> dict[str, Any]:
    """Write a query. A table shows what is now, and all labels as columns."""
    target: dict[str, Any] = {
        "refId": chr(ord("A") + index),
        "datasource": SOURCE,
        "expr": query,
        "legendFormat": legend,
    }
    if panel.kind == "table":
        return target | {"instant": True, "range": False, "format": "table"}
    return target | {"instant": panel.kind == "number", "range": panel.kind != "number"}


def write_defaults(panel: Panel) -> dict[str, Any]:
    """Write the unit and the thresholds. Nothing of ours is negative but a time from now, and days that are missing."""
    defaults: dict[str, Any] = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": write_steps(panel)}}
    if panel.kind != "lines":
        return defaults | {"color": {"mode": "thresholds"}}
    custom = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never"}
    if panel.bad is not None:
        custom["thresholdsStyle"] = {"mode": "line"}
    return defaults | {"color": {"mode": "palette-classic"}, "custom": custom, "min": 0}


def write_steps(panel: Panel) -> list[dict[str, Any]]:
    if panel.bad is None:
        return [GREEN]
    if panel.is_bad_below:
        return [{"color": "red", "value": None}, {"color": "green", "value": panel.bad}]
    return [GREEN, {"color": "red", "value": panel.bad}]
