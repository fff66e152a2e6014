"""What is answered without a connection. With a real Postgres: test_factory."""

from referrals.lookup.postgres_source import PostgresSource
from referrals.metrics import LookupMetrics


async def outcome_of(source: PostgresSource) -> str:
    assert await source.read(["abc123"]) is None
    counted = [
        sample.labels["outcome"]
        for sample in source.metrics.reads.collect()[0].samples
        if sample.name.endswith("_total") and sample.value
    ]
    return ", ".join(counted)


async def test_while_postgres_is_known_to_be_away_nobody_waits() -> None:
    source = PostgresSource(3600.0, LookupMetrics(), 3600.0)
    source.mark_away()
    assert await outcome_of(source) == "skipped"


async def test_the_wait_for_a_first_connection_ends_with_the_time_out() -> None:
    source = PostgresSource(0.01, LookupMetrics(), 3600.0)
    assert await outcome_of(source) == "away"


async def test_after_the_grace_period_nobody_waits_for_a_connection() -> None:
    source = PostgresSource(3600.0, LookupMetrics(), 0.0)
    assert await outcome_of(source) == "away"
    assert source.is_away
