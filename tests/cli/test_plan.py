"""`clickrail plan`: what a rate of clicks needs."""

import json
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli.capacity import Capacity, Cost, plan_capacity, plan_partitions
from cli.main import app
from cli.plan import describe

PAGE: Final = Path(__file__).parents[2] / "docs" / "cost-model.md"
RATES: Final = (1_000, 10_000, 100_000)
DAYS: Final = 30
SIZES: Final = [name for name in Capacity.__struct_fields__ if name != "storage"]
ROUND: Final = Cost(
    ingest_us=100,
    enricher_us=200,
    sink_us=50,
    postgres_us=25,
    raw_bytes=1000,
    enriched_bytes=1000,
    row_bytes=2**20,
    counts_bytes=0,
    wal_bytes=1000,
    journal_bytes=2**20,
)


def test_each_process_is_planned_to_be_half_busy_and_each_member_has_two_partitions() -> None:
    planned = plan_capacity(10_000, 1, ROUND)

    assert (planned.ingest, planned.enricher, planned.sink, planned.postgres_cores) == (2, 4, 1, 1)
    assert [plan_partitions(members) for members in (1, 6, 7, 12, 13)] == [12, 12, 24, 24, 36]


def test_disk_and_network_grow_with_the_rate_the_days_and_three_copies_in_kafka() -> None:
    planned = plan_capacity(1024, 2, ROUND)

    assert planned.postgres_gib == 2 * 86_400
    assert planned.journal_gib_per_hour == 3600
    assert planned.kafka_mb_per_s == pytest.approx(1024 * 2000 * 3 / 1e6)
    assert planned.kafka_gib == pytest.approx(1024 * 86_400 * (3 + 7) * 1000 * 3 / 2**30)


@given(st.floats(1, 1e6), st.floats(1, 100), st.integers(1, 400))
def test_more_clicks_never_need_less(rate: float, times: float, days: int) -> None:
    fewer, more = plan_capacity(rate, days), plan_capacity(rate * times, days)

    assert [name for name in SIZES if getattr(more, name) < getattr(fewer, name)] == []


@pytest.mark.parametrize(
    ("rate", "days", "where"), [(10, 365, "PostgreSQL"), (1_000, 30, "TimescaleDB"), (1e5, 1, "warehouse")]
)
def test_what_one_database_cannot_keep_is_said(rate: float, days: int, where: str) -> None:
    assert where in plan_capacity(rate, days).storage


def test_the_command_prints_a_line_for_each_need_or_json() -> None:
    lines = run("--days", "7").splitlines()

    assert lines[0] == "what\t1,000 clicks/s, 7 days"
    assert [tuple(line.split("\t")) for line in lines[1:]] == describe(plan_capacity(1000, 7))
    assert json.loads(run("--json"))["partitions"] == 12


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["plan", "--clicks-per-second", "1000", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_page_has_what_the_command_says() -> None:
    columns = [dict(describe(plan_capacity(rate, DAYS))) for rate in RATES]
    rows = [f"| {need} | {' | '.join(column[need] for column in columns)} |" for need in columns[0]]

    assert [row for row in rows if row not in PAGE.read_text()] == []
