"""The status of the running pipeline in one line, from the metrics of the services."""

import asyncio
from collections.abc import Mapping, Sequence

import aiohttp
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from cli.up.screen import Screen
from cli.up.services import LocalService

EVERY_S = 1.0


class Reading(msgspec.Struct, frozen=True):
    """Totals at one moment, and the lag of enricher and sink in records."""

    accepted: float = 0
    rejected: float = 0
    stored: float = 0
    waiting: float = 0
    lag_enricher: float = 0
    lag_sink: float = 0
    lost: float = 0


async def show_status(services: Sequence[LocalService], screen: Screen) -> None:
    """Show rates and lag once a second, until cancelled."""
    timeout = aiohttp.ClientTimeout(total=EVERY_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        before = await read(session, services)
        while True:
            await asyncio.sleep(EVERY_S)
            now = await read(session, services)
            screen.status(describe(before, now, EVERY_S))
            before = now


async def read(session: aiohttp.ClientSession, services: Sequence[LocalService]) -> Reading:
    texts = await asyncio.gather(*(fetch(session, service) for service in services))
    return summarise(dict(zip((service.name for service in services), texts, strict=True)))


async def fetch(session: aiohttp.ClientSession, service: LocalService) -> str:
    return "\n".join(await asyncio.gather(*(fetch_one(session, url) for url in service.metrics_urls)))


async def fetch_one(session: aiohttp.ClientSession, url: str) -> str:
    try:
        async with session.get(url) as answer:
            return await answer.text()
    except (aiohttp.ClientError, TimeoutError):
        # A service that is being started again has no metrics for a moment.
        return ""


def summarise(texts: Mapping[str, str]) -> Reading:
    """Sum up the metrics of all services; `texts` has them by the service's name."""
    sums: dict[tuple[str, str, str], float] = {}
    for service, text in texts.items():
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                label = sample.labels.get("answer") or sample.labels.get("table") or ""
                key = (service, sample.name, label)
                sums[key] = sums.get(key, 0) + sample.value
    return Reading(
        accepted=sums.get(("ingest", "clickrail_requests_total", "accepted"), 0),
        rejected=sums.get(("ingest", "clickrail_requests_total", "rejected"), 0),
        stored=sums.get(("sink", "clickrail_sink_rows_stored_total", "clicks"), 0),
        waiting=sums.get(("ingest", "clickrail_clicks_waiting", ""), 0),
        lag_enricher=sums.get(("enricher", "kafka_consumergroup_lag", ""), 0),
        lag_sink=sums.get(("sink", "kafka_consumergroup_lag", ""), 0),
        lost=sum(value for (_, name, _), value in sums.items() if name == "clickrail_clicks_lost_total"),
    )


def describe(before: Reading, now: Reading, seconds: float) -> str:
    """Return one line for people: rates per second, what waits, what is lost."""

    def rate(field: str) -> str:
        return f"{max(0.0, getattr(now, field) - getattr(before, field)) / seconds:,.0f}"

    lost = f" · [red]{now.lost:,.0f} lost[/]" if now.lost else ""
    return (
        f"[bold]{rate('accepted')}[/] clicks/s · {rate('rejected')} rejected/s · {rate('stored')} rows/s"
        f" · [dim]waiting {now.waiting:,.0f} · lag enricher {now.lag_enricher:,.0f}, sink {now.lag_sink:,.0f}[/]{lost}"
    )
