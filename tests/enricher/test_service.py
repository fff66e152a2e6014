"""The enricher and the sink as processes: what cannot be read, and a city database that is damaged."""

from typing import Any

import pytest

from runtime.kafka.out_record import OutRecord
from runtime.kafka.producer import RecordProducer
from schemas import CLICKS_RAW
from tests.pipeline import Pipeline, eventually, running_pipeline, without_redirects
from tests.schemas.test_codec import EXAMPLES

pytestmark = [pytest.mark.servers, pytest.mark.processes]


async def test_what_cannot_be_read_is_dead_lettered_with_its_original_bytes(pipeline: Pipeline) -> None:
    bad = {path.stem: path.read_bytes() for path in (EXAMPLES / CLICKS_RAW.name / "bad").glob("*.json")}
    topic = pipeline.prefix + CLICKS_RAW.name
    async with running_pipeline(pipeline, "enricher", "sink"):
        producer = RecordProducer([pipeline.kafka], client_id="test")
        await producer.deliver([OutRecord(topic, name.encode(), value) for name, value in bad.items()])
        await producer.close()
        rows = await eventually(lambda: rows_of(pipeline, len(bad)))
        assert await pipeline.stop() == {"enricher": 0, "sink": 0}

    assert {row["key"].decode(): row["value"] for row in rows} == bad
    assert {row["topic"] for row in rows} == {topic}
    assert {row["stage"] for row in rows} == {"enricher"}
    assert {row["reason"] for row in rows if "unknown_major" in row["key"].decode()} == {"unknown_version"}
    assert await pipeline.rows("SELECT * FROM clicks") == []


async def rows_of(pipeline: Pipeline, expected: int) -> list[dict[str, Any]]:
    rows = await pipeline.rows("SELECT * FROM dead_letters")
    return [dict(row) for row in rows] if len(rows) == expected else []


async def test_clicks_flow_without_geo_when_the_city_database_is_cut_short(pipeline: Pipeline) -> None:
    database = pipeline.folder / "city.mmdb"
    database.write_bytes(b"\xab\xcd\xefMaxMind.com half a database")
    pipeline.services["enricher"].environ["CLICKRAIL_ENRICHER_GEO_DATABASES"] = str(database)
    async with running_pipeline(pipeline), without_redirects() as browser:
        answer = await browser.get(f"{pipeline.url}/ref/abc123", allow_redirects=False)
        (row,) = await eventually(lambda: pipeline.rows("SELECT geo_status, geo_country FROM clicks"))

    assert answer.status == 302
    assert dict(row) == {"geo_status": "bad_database", "geo_country": None}
    log = pipeline.services["enricher"].log.read_text()
    assert "files not in use" in log
    assert "geo database" in log
