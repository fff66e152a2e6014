"""The sink's job: it rolls, counts what was there before, and says so when the zone is another."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from runtime.secret import Secret
from sink.metrics import SinkMetrics
from storage.rollups.job import RollupJob
from storage.rollups.state import read_pending, read_state
from tests.storage.rollups.builders import TODAY, make_click, make_rows, make_writer, open_tables
from tests.storage.rollups.reference_count import differing_cells, read_cells

pytestmark = pytest.mark.servers


def make_job(database_url: str, zone: str = "UTC") -> tuple[RollupJob, CollectorRegistry]:
    registry = CollectorRegistry()
    return RollupJob(Secret(database_url), zone, SinkMetrics(registry)), registry


async def test_clicks_of_before_are_counted_day_by_day_and_later_ones_as_they_come(database_url: str) -> None:
    async with open_tables(database_url) as tables:
        writer, (job, registry) = make_writer(database_url), make_job(database_url, "Europe/Berlin")
        await writer.write(make_rows(make_click(n, TODAY - timedelta(days=n % 3)) for n in range(60)))
        await tables.execute("UPDATE clicks SET batch_id = NULL")
        await tables.execute("DELETE FROM rollup_batches")
        await tables.execute("UPDATE rollup_state SET is_complete = false, counted_from = 'infinity'")
        await writer.write(make_rows(make_click(n, TODAY - timedelta(days=n % 3)) for n in range(60, 90)))
        assert (await read_pending(tables)).clicks == 30

        rounds = 0
        while not (await job.step(tables) and (await read_state(tables)).is_complete):
            assert await differing_cells(tables) == {}
            rounds += 1
        await writer.close()

        assert rounds <= 5
        assert await differing_cells(tables) == {}
        days = [cell for cell in await read_cells(tables) if (cell[0], cell[3], cell[5]) == ("d", "p", 0)]
        assert len(days) == 6
        assert (await read_state(tables)).zone == "Europe/Berlin"
        assert registry.get_sample_value("clickrail_sink_rolled_clicks_total") == 30
        assert registry.get_sample_value("clickrail_sink_rollups_pending_clicks") == 0


async def test_with_another_zone_nothing_is_rolled_and_the_job_says_why(database_url: str) -> None:
    async with open_tables(database_url) as tables:
        writer, (job, _) = make_writer(database_url), make_job(database_url)
        await writer.write(make_rows([make_click(1)]))
        await job.step(tables)
        assert job.problem is None
        await writer.write(make_rows([make_click(2)]))
        other, _ = make_job(database_url, "Asia/Kolkata")
        await other.report_zone(tables)

        assert other.problem is not None
        assert "CLICKRAIL_TIMEZONE is Asia/Kolkata, and the rollups are counted in UTC" in other.problem
        assert (await read_pending(tables)).clicks == 1
        await writer.close()
