"""The dashboards: what they ask for exists, everything that we export is asked for, and a stranger can read them."""

import functools
import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from docs.generators.grafana.dashboard import WIDTH, Dashboard
from docs.generators.grafana.dashboards import DASHBOARDS, NOT_SHOWN
from docs.generators.grafana.panel import Panel
from tests.metric_names import OTHERS, exported, named, unknown
from tests.promtool import ROOT, RULES, needs_promtool, promtool

FOLDER: Final = ROOT / "deploy" / "grafana"
PANELS: Final = [panel for dashboard in DASHBOARDS for panel in dashboard.panels()]
QUERIES: Final = [query for panel in PANELS for query, _ in panel.queries]
UNITS: Final = {"short", "s", "percentunit", "bytes", "cps"}

every_panel = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.uid)


def model(dashboard: Dashboard) -> dict[str, Any]:
    """Read a dashboard as Grafana does."""
    return dict(json.loads((FOLDER / "dashboards" / f"{dashboard.uid}.json").read_text()))


@functools.cache
def recorded() -> dict[str, str]:
    """Give the expressions of what the rules record, by its name."""
    found: dict[str, str] = {}
    for rule in (rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]):
        if "record" in rule:
            found[rule["record"]] = f"{found.get(rule['record'], '')} {rule['expr']}"
    return found


def test_every_metric_of_a_query_is_one_that_we_export_or_record() -> None:
    known = exported() | OTHERS | {name: frozenset({"service"}) for name in recorded()}
    known["ALERTS"] = frozenset({"alertstate", "alertname"})

    assert [problem for query in QUERIES for problem in unknown(query, known)] == []


def test_every_metric_that_we_export_is_on_a_dashboard_or_left_out_for_a_reason() -> None:
    behind = [recorded()[name] for query in QUERIES for name, _ in named(query) if name in recorded()]
    behind += [recorded()[name] for query in behind for name, _ in named(query) if name in recorded()]
    shown = {name for query in [*QUERIES, *behind] for name, _ in named(query)}

    parts = {name.replace("_bucket", part) for name in shown if "_bucket" in name for part in ("_sum", "_count")}
    assert exported().keys() - shown - parts == NOT_SHOWN.keys()


@needs_promtool
def test_prometheus_understands_every_query(tmp_path: Path) -> None:
    rules = [{"record": f"query:{number}", "expr": ready_to_ask(query)} for number, query in enumerate(QUERIES)]
    (tmp_path / "queries.json").write_text(json.dumps({"groups": [{"name": "dashboards", "rules": rules}]}))

    done = promtool("check", "rules", tmp_path / "queries.json")

    assert done.returncode == 0, done.stderr


def ready_to_ask(query: str) -> str:
    """Put an interval where Grafana does, which knows how much of the graph a point stands for."""
    return query.replace("$__rate_interval", "1m")


@every_panel
def test_a_panel_says_what_is_good_or_bad_and_has_a_unit_and_a_runbook(panel: Panel) -> None:
    assert len(panel.title) <= 50
    assert len(panel.meaning) >= 40
    assert panel.unit in UNITS
    assert (ROOT / "docs" / "runbooks" / f"{panel.runbook}.md").exists()


@every_panel
def test_the_lines_of_a_panel_can_be_told_apart(panel: Panel) -> None:
    legends = [legend for _, legend in panel.queries]

    assert len(set(legends)) == len(legends)
    for query, legend in panel.queries:
        kept = re.search(r"by \(([^)]*)\)", query)
        if kept and panel.kind != "table" and "le" not in kept[1]:
            assert set(re.findall(r"\w+", kept[1])) == set(re.findall(r"\{\{(\w+)\}\}", legend)), query


@every_dashboard
def test_no_panel_lies_on_another_and_each_has_its_own_number(dashboard: Dashboard) -> None:
    panels = model(dashboard)["panels"]

    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < WIDTH
    assert len({panel["id"] for panel in panels}) == len(panels)


@every_dashboard
def test_every_query_asks_the_prometheus_that_was_chosen(dashboard: Dashboard) -> None:
    read = model(dashboard)

    chosen = {target["datasource"]["uid"] for panel in read["panels"] for target in panel.get("targets", [])}
    assert chosen == {"${datasource}"}
    assert [variable["name"] for variable in read["templating"]["list"]] == ["datasource", "runbooks"]


def test_dashboards_have_names_of_their_own() -> None:
    assert len({dashboard.uid for dashboard in DASHBOARDS}) == len({dashboard.title for dashboard in DASHBOARDS}) == 5


def test_provisioning_files_are_those_that_grafana_reads() -> None:
    datasources = yaml.safe_load((FOLDER / "provisioning" / "datasources" / "prometheus.yml").read_text())
    providers = yaml.safe_load((FOLDER / "provisioning" / "dashboards" / "clickrail.yml").read_text())

    scrape = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())["global"][
        "scrape_interval"
    ]
    assert (datasources["apiVersion"], providers["apiVersion"]) == (1, 1)
    assert datasources["datasources"][0]["jsonData"]["timeInterval"] == scrape
    assert providers["providers"][0]["options"]["path"].startswith("/var/lib/grafana/dashboards")
