"""The books of a pipeline: what the metrics, the topics, the tables and the logs say happened."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

import aiohttp
import asyncpg
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from schemas import CLICKS_DEAD, CLICKS_ENRICHED, CLICKS_RAW, TOPICS, RawClick, decode
from tests.end_to_end.traffic import Visit
from tests.ingest.wire import Answer
from tests.pipeline import Pipeline, eventually

AT_ONCE = 32


class Counts(msgspec.Struct, frozen=True):
    """What ingest says: requests by answer; refusals by reason, those that were recorded and those only counted."""

    answers: Counter[str]
    recorded: Counter[str]
    only_counted: Counter[str]
    lost: int


async def send_all(
    visits: Sequence[Visit], port: int, cookies: Sequence[str | None] | None = None
) -> list[Answer | None]:
    """Make the visits, many at once, in their order as near as can be."""
    places = asyncio.Semaphore(AT_ONCE)

    async def make(visit: Visit, cookie: str | None) -> Answer | None:
        async with places:
            return await visit.send(port, cookie)

    return await asyncio.gather(*map(make, visits, cookies or [None] * len(visits)))


async def scrape(pipeline: Pipeline) -> Counts:
    url = f"http://127.0.0.1:{pipeline.services['ingest'].private_port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        families = list(text_string_to_metric_families(await answer.text()))
    samples = [sample for family in families for sample in family.samples if sample.value]

    def count(name: str, label: str, **others: str) -> Counter[str]:
        found = [sample for sample in samples if sample.name == name and others.items() <= sample.labels.items()]
        return Counter({sample.labels[label]: int(sample.value) for sample in found})

    refused = "clickrail_requests_refused_total"
    lost = count("clickrail_clicks_lost_total", "reason") + count("clickrail_rejections_lost_total", "reason")
    return Counts(
        count("clickrail_requests_total", "answer"),
        count(refused, "reason", recorded="true"),
        count(refused, "reason", recorded="false"),
        lost.total(),
    )


async def raw_clicks(pipeline: Pipeline) -> list[RawClick]:
    """Give every raw click once, by sequence: after a failure the topic may hold one twice, the same to the byte."""
    values = set(await pipeline.values(CLICKS_RAW))
    clicks = [click for value in values if isinstance(click := decode(RawClick, value), RawClick)]
    assert len(clicks) == len(values)
    return sorted(clicks, key=lambda click: (click.handled.process, click.handled.sequence or 0))


async def stored(pipeline: Pipeline, clicks: int, rejections: int | None = None) -> dict[str, asyncpg.Record]:
    """Wait until so many clicks and rejections are stored; give the clicks by their ids."""

    async def are_there() -> bool:
        (row,) = await pipeline.rows(
            "SELECT (SELECT count(*) FROM clicks) AS clicks, (SELECT count(*) FROM rejected_clicks) AS rejections"
        )
        return row["clicks"] >= clicks and (rejections is None or row["rejections"] >= rejections)

    await eventually(are_there)
    return {row["click_id"]: row for row in await pipeline.rows("SELECT * FROM clicks")}


async def check_stream(pipeline: Pipeline, clicks: Sequence[RawClick]) -> None:
    """Every raw click was enriched, the sequence of each process has no hole, and nothing was given up."""
    ids = {click.click_id for click in clicks}
    assert len(ids) == len(clicks)
    enriched = [msgspec.json.decode(value)["click_id"] for value in await pipeline.values(CLICKS_ENRICHED)]
    assert set(enriched) == ids
    for process in {click.handled.process for click in clicks}:
        sequence = [click.handled.sequence for click in clicks if click.handled.process == process]
        assert sequence == list(range(1, len(sequence) + 1))
    assert await pipeline.values(CLICKS_DEAD) == []
    assert await pipeline.rows("SELECT * FROM dead_letters") == []


async def find_addresses(pipeline: Pipeline, beginnings: Iterable[tuple[str, bytes]]) -> list[str]:
    """Give those beginnings of addresses, each as text and packed, that stand in any topic, table or log."""
    places = [b"\n".join(await pipeline.values(topic)) for topic in TOPICS]
    for table in await pipeline.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"):
        rows = await pipeline.rows(f'SELECT t::text AS row FROM "{table["tablename"]}" t')
        places.append("\n".join(row["row"] for row in rows).encode())
    places += [log.encode() for log in pipeline.logs()]
    everything = b"\n".join(places)
    assert len(everything) > 1_000_000
    return [text for text, packed in beginnings if text.encode() in everything or packed in everything]
