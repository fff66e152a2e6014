"""Until when every accepted click must have arrived."""

from datetime import timedelta

from console.pipeline.ledger_watch import Waiting, find_limit
from tests.console.builders import NOW

TWO = timedelta(minutes=2)
HOUR = timedelta(hours=1)


def test_with_nothing_waiting_it_is_two_minutes_ago() -> None:
    assert find_limit(NOW, Waiting(NOW, None)) == NOW - TWO


def test_while_records_wait_nothing_younger_than_the_oldest_is_missing() -> None:
    assert find_limit(NOW, Waiting(NOW, NOW - HOUR)) == NOW - HOUR - TWO


def test_while_kafka_is_away_the_last_look_counts() -> None:
    assert find_limit(NOW, Waiting(NOW - HOUR, None)) == NOW - HOUR - TWO


def test_before_the_first_look_nothing_is_known() -> None:
    assert find_limit(NOW, None) is None
