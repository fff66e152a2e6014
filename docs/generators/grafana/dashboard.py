"""A dashboard: rows of panels, laid out from left to right, as Grafana reads it."""

import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from docs.generators.grafana.panel import HEIGHT, Panel, write_panel

WIDTH: Final = 24
SCHEMA: Final = 39
"""The version of Grafana's model: that of Grafana 11, which newer ones migrate."""


class Row(msgspec.Struct, frozen=True):
    """Panels under a heading."""

    title: str
    panels: tuple[Panel, ...]


class Dashboard(msgspec.Struct, frozen=True):
    """A page. `uid` is its name in addresses, and the file's."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]

    def panels(self) -> Iterator[Panel]:
        return (panel for row in self.rows for panel in row.panels)


def write_dashboard(dashboard: Dashboard) -> str:
    """Write the file for Grafana."""
    model = {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": ["clickrail"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": VARIABLES},
        "links": [OTHER_DASHBOARDS],
        "annotations": {"list": []},
        "panels": list(lay_out(dashboard)),
    }
    return json.dumps(model, indent=2, ensure_ascii=False) + "\n"


VARIABLES: Final[list[dict[str, Any]]] = [
    {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "hide": 0},
    # Where people read docs/runbooks: set it once, here or in each dashboard's settings.
    {"name": "runbooks", "label": "Runbooks", "type": "constant", "query": "/docs/runbooks", "hide": 2},
]
OTHER_DASHBOARDS: Final[dict[str, Any]] = {
    "title": "Clickrail",
    "type": "dashboards",
    "icon": "external link",
    "tooltip": "",
    "tags": ["clickrail"],
    "asDropdown": False,
    "includeVars": True,
    "keepTime": True,
    "targetBlank": False,
}


def lay_out(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    """Place each panel beside the one before, or below it where there is no room."""
    number, y = 1, 0
    for row in dashboard.rows:
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "panels": [],
               "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1}}  # fmt: skip
        number, x, y, height = number + 1, 0, y + 1, 0
        for panel in row.panels:
            if x + panel.width > WIDTH:
                x, y, height = 0, y + height, 0
            yield write_panel(panel, number, x, y)
            number, x, height = number + 1, x + panel.width, max(height, HEIGHT[panel.kind])
        y += height
