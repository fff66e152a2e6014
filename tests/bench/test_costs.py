"""Costs in units of a bare redirect."""

from bench.costs import Costs, subtract


def test_a_process_costs_its_cpu_per_click_over_a_bare_redirects() -> None:
    costs = Costs({"ingest": 0.5, "Kafka": 2.0}, clicks=1000, bare_s=0.0005)

    assert costs.units() == {"ingest": 1.0, "Kafka": 4.0}
    assert costs.total == 5.0
    assert costs.describe() == "5.0 x: ingest 1.00, Kafka 4.00"


def test_what_was_used_before_does_not_count() -> None:
    assert subtract({"ingest": 3.0, "sink": 2.5}, {"ingest": 1.0, "sink": 2.0}) == {"ingest": 2.0, "sink": 0.5}
