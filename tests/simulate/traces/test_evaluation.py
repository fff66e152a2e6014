import pytest

from simulate.traces.catalogue import RECIPES
from simulate.traces.evaluation import Evaluation, Verdict, evaluate
from simulate.traces.labels import Label
from tests.simulate.traces.builders import labels


def label(click_id: str | None, **changes: object) -> Label:
    fields = {"trace": "twin", "number": 1, "who": "person", "kind": "reader", "visitor": "ann", "is_unique": True}
    return Label(**{**fields, "click_id": click_id, **changes})  # type: ignore[arg-type]  # fields by name


def test_people_machines_and_uniques_are_counted() -> None:
    truth = [
        label("a"),
        label("b", is_unique=False),
        label("c", visitor="ben"),
        label("d", who="machine", is_unique=False),
        label("e", who="machine", is_unique=False),
        label(None, who="machine", is_unique=False),
    ]
    verdicts = {
        "a": Verdict(0, is_unique=True),
        "b": Verdict(60, is_unique=False),
        "c": Verdict(59),
        "d": Verdict(97, is_unique=True),
        "e": Verdict(12, is_unique=True),
    }
    found = evaluate(truth, verdicts)["twin"]
    assert found == Evaluation(
        trace="twin",
        people=3,
        people_flagged=1,
        machines=2,
        machines_found=1,
        uniques_true=2,
        uniques_counted=1,
        uniques_of_machines=1,
        uniques_unjudged=1,
    )
    assert (found.people_flagged_share, found.machines_found_share) == (1 / 3, 1 / 2)


def test_a_click_without_a_verdict_is_counted_and_is_not_found() -> None:
    found = evaluate([label("a"), label("b", who="machine")], {})["twin"]
    assert (found.unscored, found.people_flagged, found.machines_found, found.uniques_counted) == (2, 0, 0, 0)


def test_a_share_of_nobody_is_none() -> None:
    found = evaluate([label("a")], {"a": Verdict(0)})["twin"]
    assert (found.people_flagged_share, found.machines_found_share) == (0, None)


def test_the_limit_can_be_moved() -> None:
    found = evaluate([label("a", who="machine", is_unique=False)], {"a": Verdict(40)}, flagged=40)["twin"]
    assert found.machines_found_share == 1


@pytest.mark.slow
def test_a_scorer_that_knows_the_truth_is_perfect_on_every_trace() -> None:
    truth = [one for name in RECIPES for one in labels(name)]
    verdicts = {
        one.click_id: Verdict(0 if one.who == "person" else 100, is_unique=one.is_unique)
        for one in truth
        if one.click_id is not None
    }
    found = evaluate(truth, verdicts)
    assert list(found) == list(RECIPES)
    for each in found.values():
        assert each.people_flagged_share == 0
        assert each.machines_found_share in {1, None}
        assert each.uniques_counted == each.uniques_true
        assert (each.uniques_of_machines, each.unscored) == (0, 0)
