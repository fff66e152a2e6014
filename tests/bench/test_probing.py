"""When a rate holds."""

import pytest

from bench.costs import Costs
from bench.load import Load
from bench.probing import Probe


def make_probe(statuses: dict[int, int], fresh_p99_s: float = 0.5) -> Probe:
    return Probe(100.0, Costs({}, 1000, 1.0), Load(statuses, 10.0, 1.0, 2.0, 1.0, 2.0, 0.0), 0.3, fresh_p99_s)


@pytest.mark.parametrize(
    ("probe", "holds"),
    [
        (make_probe({302: 1000}), True),
        (make_probe({302: 985}), True),
        (make_probe({302: 970}), False),
        (make_probe({302: 999, 503: 1}), False),
        (make_probe({302: 1000}, fresh_p99_s=1.6), False),
    ],
    ids=["all", "nearly all of the rate", "less than the rate", "an error", "rows that come late"],
)
def test_a_rate_holds_when_all_of_it_is_answered_and_the_rows_keep_up(probe: Probe, holds: bool) -> None:
    assert probe.holds is holds
