"""The rules of Prometheus, as Prometheus itself judges them: which alerts fire in which situation."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.deploy_prometheus.healthy import HEALTHY
from tests.deploy_prometheus.money import MONEY
from tests.deploy_prometheus.pipeline import PIPELINE
from tests.deploy_prometheus.situation import Situation
from tests.deploy_prometheus.storage import STORAGE
from tests.deploy_prometheus.visitors import VISITORS
from tests.metric_names import ADDED, OTHERS, exported, unknown
from tests.promtool import CONFIGURATION, RULES, needs_promtool, promtool

FIRING: Final = 'group by (alertname) (ALERTS{alertstate="firing"})'
PREFIX: Final = "Clickrail"
SITUATIONS: Final = (*MONEY, *VISITORS, *PIPELINE, *STORAGE)


def quiet_together() -> list[Situation]:
    """Give the situations in which nothing fires, as many at once as change different series: each costs seconds."""
    merged = [Situation("all is well", {})]
    for situation in SITUATIONS:
        if situation.firing:
            continue
        last = merged[-1]
        if len(merged) == 1 or not situation.changes.keys().isdisjoint(last.changes):
            merged.append(situation)
        else:
            merged[-1] = Situation(f"{last.name}; {situation.name}", {**last.changes, **situation.changes})
    return merged


def write_test(situation: Situation) -> dict[str, Any]:
    """Write a situation as promtool's unit test: everything that fires is compared, so that nothing else may."""
    series = {name: values for name, values in (HEALTHY | dict(situation.changes)).items() if values is not None}
    firing = [{"labels": f'{{alertname="{PREFIX}{name}"}}', "value": 1} for name in situation.firing]
    return {
        "name": situation.name,
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": FIRING, "eval_time": "40m", "exp_samples": firing}],
    }


def groups() -> list[dict[str, Any]]:
    return list(yaml.safe_load(RULES.read_text())["groups"])


def alerts() -> list[dict[str, Any]]:
    return [rule for group in groups() for rule in group["rules"] if "alert" in rule]


@needs_promtool
def test_prometheus_understands_the_rules_and_the_sample_configuration() -> None:
    rules, configuration = promtool("check", "rules", RULES), promtool("check", "config", CONFIGURATION)

    assert (rules.returncode, configuration.returncode) == (0, 0), rules.stderr + configuration.stderr


@needs_promtool
@pytest.mark.slow
def test_in_each_situation_its_alerts_fire_and_no_others(tmp_path: Path) -> None:
    situations = [*quiet_together(), *(situation for situation in SITUATIONS if situation.firing)]
    (tmp_path / "situations.json").write_text(
        json.dumps(
            {
                "rule_files": [str(RULES)],
                "group_eval_order": [group["name"] for group in groups()],
                "evaluation_interval": "2m",
                "tests": [write_test(situation) for situation in situations],
            }
        )
    )

    done = promtool("test", "rules", tmp_path / "situations.json")

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_fires_in_a_situation() -> None:
    fired = {PREFIX + name for situation in SITUATIONS for name in situation.firing}

    assert {alert["alert"] for alert in alerts()} == fired


def test_every_alert_says_how_urgent_it_is_and_what_has_happened() -> None:
    for alert in alerts():
        assert alert["labels"]["severity"] in ("page", "ticket"), alert["alert"]
        assert alert["annotations"]["summary"].endswith("."), alert["alert"]


def test_every_metric_in_a_rule_is_one_that_we_export_with_the_labels_it_is_chosen_by() -> None:
    rules = [rule for group in groups() for rule in group["rules"]]
    recorded = {
        rule["record"]: ADDED | {"service", "stage", "consumergroup", "topic"} for rule in rules if "record" in rule
    }
    known = exported() | OTHERS | recorded

    assert [problem for rule in rules for problem in unknown(rule["expr"], known)] == []
