"""`clickrail quality evaluate`: what the scoring of clicks promises, on traffic whose truth is known."""

import json
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.evaluation import TraceResult, evaluate_traces
from cli.main import app
from simulate.traces.catalogue import RECIPES

SCANNERS_AND_BURSTS = ("mail-gateway", "twin", "quote-pairs", "burst", "proxies", "tor", "attack")
SEED_OF_DOCUMENTS = 1
ANOTHER_SEED = 20


@cache
def result_of(trace: str, seed: int) -> TraceResult:
    (result,) = evaluate_traces([trace], seed)
    return result


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["quality", "evaluate", *arguments])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [SEED_OF_DOCUMENTS, ANOTHER_SEED])
@pytest.mark.parametrize("trace", RECIPES)
def test_at_most_one_of_200_clicks_of_people_is_likely_invalid(trace: str, seed: int) -> None:
    found = result_of(trace, seed)

    for stage in (found.live, found.settled):
        assert stage.unscored == 0
        assert stage.people_flagged <= stage.people * 0.005


@pytest.mark.slow
@pytest.mark.parametrize("seed", [SEED_OF_DOCUMENTS, ANOTHER_SEED])
@pytest.mark.parametrize("trace", ["office", "nat", "relay"])
def test_nobody_is_likely_invalid_for_sharing_an_address(trace: str, seed: int) -> None:
    assert result_of(trace, seed).live.people_flagged == 0
    assert result_of(trace, seed).settled.people_flagged == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [SEED_OF_DOCUMENTS, ANOTHER_SEED])
@pytest.mark.parametrize("trace", SCANNERS_AND_BURSTS)
def test_scanners_and_bursts_are_found_when_settled(trace: str, seed: int) -> None:
    settled = result_of(trace, seed).settled

    assert settled.machines > 0
    assert settled.machines_found >= settled.machines * 0.95


def test_an_office_has_as_many_unique_clicks_as_people_when_settled() -> None:
    settled = result_of("office", SEED_OF_DOCUMENTS).settled

    assert settled.uniques_true == settled.uniques_counted == 200


def test_the_slow_bot_is_not_found_as_the_documents_say() -> None:
    assert result_of("slow-bot", SEED_OF_DOCUMENTS).settled.machines_found == 0


def test_a_trace_is_judged_and_shown_as_a_line_or_as_json() -> None:
    header, line = [text.split("\t") for text in call("--trace", "burst").stdout.splitlines()]
    (told,) = json.loads(call("--trace", "burst", "--json").stdout)

    assert dict(zip(header, line, strict=True))["found settled"] == "300 (100.0%)"
    assert told["settled"]["machines_found"] == 300


def test_a_rules_file_changes_the_verdicts(tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text('{"name": "no-sweeps", "version": "1", "values": {"link_sweep_weight": 0}}')
    (without,) = json.loads(call("--trace", "mail-gateway", "--json", "--rules", str(file)).stdout)

    assert without["settled"]["machines_found"] < result_of("mail-gateway", SEED_OF_DOCUMENTS).settled.machines_found


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--trace", "offce"], "offce is no trace: office, nat"),
        (["--rules", "/nowhere.json"], "cannot read /nowhere.json"),
    ],
)
def test_what_cannot_be_evaluated_is_named(arguments: list[str], message: str) -> None:
    result = call(*arguments)

    assert result.exit_code != 0
    assert message in result.output + str(result.exception)
