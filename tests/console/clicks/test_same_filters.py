"""One table of filters: the tables and the live list find the same clicks by each, and SQL on raw rows agrees."""

from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl

import asyncpg
import pytest
from multidict import MultiDict

from console.clicks.filters import matches
from console.clicks.lines import make_line
from console.clicks.log_address import make_filters, read_log
from console.clicks.past_clicks import read_past_clicks
from console.view.filters import FIELDS
from console.view.names import find_named
from console.view.today import read_today
from console.view.view import ALL_MEASURES
from schemas import Bot, Device, EnrichedClick, Fraud, Geo, Network, Referrer, RejectedClick, Uniqueness, Utm
from storage.read.records import StoredClick, StoredRejection
from tests.console.builders import NOW, enriched_click, handled, rejected_click, store

pytestmark = pytest.mark.servers

CASES: Final = {
    # The address, and the same asked of the rows that are stored.
    "f.country=is:DE,AT": "geo_country IN ('DE', 'AT')",
    "f.country=not:DE": "geo_country IS DISTINCT FROM 'DE'",
    "f.country=is:": "geo_country IS NULL",
    "f.country=has:d": "geo_country ILIKE '%d%'",
    "f.region=is:PT-Lisboa": "geo_country = 'PT' AND geo_region = 'Lisboa'",
    "f.region=is:": "geo_country IS NULL OR geo_region IS NULL",
    "f.device=is:desktop": "device_type = 'desktop'",
    "f.os=not:iOS": "device_os IS DISTINCT FROM 'iOS'",
    "f.browser=has:safari": "device_browser ILIKE '%safari%'",
    "f.referrer_host=has:SHOP,google": "referrer_host ILIKE '%shop%' OR referrer_host ILIKE '%google%'",
    "f.referrer_host=has:100%25_": "referrer_host ILIKE '%100\\%\\_%'",
    "f.referrer_host=is:": "referrer_host IS NULL",
    "f.referrer_medium=is:direct": "referrer_medium = 'direct'",
    "f.utm_source=is:mail": "utm_source = 'mail'",
    "f.utm_medium=not:": "utm_medium IS NOT NULL",
    "f.utm_campaign=is:a%5C,b": "utm_campaign = 'a,b'",
    "f.edge_region=is:local": "handled_region = 'local'",
    "f.bot_reason=is:http_library": "bot_reasons[1] = 'http_library'",
    "f.bot_reason=is:": "bot_reasons[1] IS NULL",
    "f.network_kind=is:hosting": "network_kind = 'hosting'",
    "f.ivt_class=is:sivt": "fraud_ivt_class = 'sivt'",
    "f.ivt_class=not:sivt": "fraud_ivt_class IS DISTINCT FROM 'sivt'",
    "f.code=not:demo": "code <> 'demo'",
    "f.code=is:demo&f.country=is:DE": "code = 'demo' AND geo_country = 'DE'",
    "f.affiliate=has:lisbon": "affiliate_id ILIKE '%lisbon%' OR affiliate_id = 'aff_2'",
    "f.program=is:prg_shoes": "program_id = 'prg_shoes'",
    "address=h2": "ip_hash = 'h2'",
    "network=n2": "net_hash = 'n2'",
    "measure=people": "NOT is_bot AND NOT prefetch AND NOT is_test AND bot_kind IS DISTINCT FROM 'app_fetch'",
    "measure=gross": "NOT is_test",
    "measure=net": "NOT is_test AND coalesce(fraud_ivt_class, '') NOT IN ('givt', 'sivt')",
    "measure=invalid": "NOT is_test AND fraud_band IN ('likely_invalid', 'invalid')",
    "visitors=bots": "is_bot AND NOT is_test",
    "unique=unique": "is_unique",
    "quality=suspicious": "fraud_band = 'suspicious'",
}
OF_REJECTIONS: Final = {
    "outcome=rejected": "true",
    "reason=R101": "reason = 'R101'",
    "outcome=rejected&f.code=has:DEM": "asked ILIKE '%dem%'",
    "outcome=rejected&f.program=is:": "program_id IS NULL",
    "outcome=rejected&f.program=not:prg_shoes": "program_id IS DISTINCT FROM 'prg_shoes'",
    "outcome=rejected&f.country=not:DE": "false",
    "address=h2&outcome=rejected": "ip_hash = 'h2'",
}


def make_clicks() -> list[EnrichedClick]:
    """Make clicks that differ in each field."""
    berlin = Geo(status="found", country="DE", region="BE", city="Berlin")
    shop = Referrer(url="https://shop.example/a", host="shop.example", medium="unknown")
    odd = Referrer(url="https://x100%_.example/", host="x100%_.example", medium="unknown")
    bot = Bot(is_bot=True, reasons=["http_library"])
    judged = [Uniqueness(is_unique=one, status="judged") for one in (True, False)]
    sivt = Fraud(score=61, band="likely_invalid", ivt_class="sivt", stage="live")
    changes = [
        {},
        {"geo": berlin, "code": "demo", "affiliate_id": "aff_2", "unique": judged[0]},
        {"geo": Geo(status="found", country="AT"), "device": Device(type="desktop"), "unique": judged[1]},
        {"geo": Geo(status="no_address"), "referrer": Referrer(url=None, host=None, medium="direct"), "utm": None},
        {"referrer": shop, "utm": Utm(source="x", medium="cpc", campaign="a,b"), "program_id": "prg_hats"},
        {"referrer": odd, "ip_hash": "h2", "net_hash": "n2", "limit": "client"},
        {"bot": bot, "fraud": Fraud(score=100, band="invalid", ivt_class="givt", stage="live")},
        {"fraud": sivt, "network": Network(status="found", kind="hosting")},
        {"fraud": Fraud(score=35, band="suspicious", stage="live"), "handled": handled(region="eu")},
        {"prefetch": True},
        {"is_test": True, "fraud": sivt},
        {"bot": Bot(is_bot=False, reasons=[], kind="app_fetch"), "code": "demo", "geo": berlin},
    ]
    return [enriched_click(NOW - timedelta(seconds=n), n, **change) for n, change in enumerate(changes)]


def make_rejections() -> list[RejectedClick]:
    changes = [
        {},
        {"reason": "R101", "asked": "DEMO!"},
        {"reason": "R201", "program_id": "prg_shoes", "affiliate_id": "aff_lisbon", "ip_hash": "h2"},
        {"reason": "R201", "program_id": "prg_hats", "asked": "demo"},
    ]
    return [rejected_click(NOW - timedelta(seconds=n), 100 + n, **change) for n, change in enumerate(changes)]


async def find_by(tables: asyncpg.Connection, query: str) -> tuple[set[str], set[str]]:
    """Find by an address: what the tables give, and what the live list would show."""
    view, ignored = read_log(MultiDict(parse(query)))
    assert ignored == []
    filters = make_filters(view, None, await find_named(tables, view.filters))
    past = await read_past_clicks(tables, filters, 1000)
    clicks = [make_line(StoredClick(one, NOW)) for one in make_clicks()]
    rejections = [make_line(StoredRejection(one, NOW)) for one in make_rejections()]
    live = [line for line in (*clicks, *rejections) if matches(line.filterable, filters)]
    return {line.id for line in past.lines}, {line.id for line in live}


def parse(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)


async def test_each_filter_finds_the_rows_that_sql_finds_stored_and_live(tables: asyncpg.Connection) -> None:
    await tables.execute("INSERT INTO affiliates (id, name, version) VALUES ('aff_2', 'Lisbon Blog', 1)")
    await store(tables, [*make_clicks(), *make_rejections()])
    differing = []
    for query, condition in CASES.items():
        rows = await tables.fetch(f"SELECT click_id FROM clicks WHERE {condition}")
        wanted = {row[0] for row in rows}
        stored, live = await find_by(tables, query if "outcome" in query else f"{query}&outcome=accepted")
        if not stored == live == wanted or not wanted:
            differing.append((query, len(wanted), len(stored), len(live)))
    for query, condition in OF_REJECTIONS.items():
        rows = await tables.fetch(f"SELECT rejection_id FROM rejected_clicks WHERE {condition}")
        stored, live = await find_by(tables, query)
        if not stored == live == {row[0] for row in rows}:
            differing.append((query, len(rows), len(stored), len(live)))

    assert differing == []


async def test_every_field_and_measure_of_analytics_filters_the_log(tables: asyncpg.Connection) -> None:
    await store(tables, [*make_clicks(), *make_rejections()])
    queries = [f"f.{field}={how}:x" for field in FIELDS for how in ("is", "not", "has")]
    found = {query: await find_by(tables, query) for query in (*queries, *(f"measure={name}" for name in ALL_MEASURES))}

    assert {query: stored ^ live for query, (stored, live) in found.items() if stored ^ live} == {}


async def test_a_range_has_the_clicks_from_its_beginning_until_before_its_end(tables: asyncpg.Connection) -> None:
    clicks = [enriched_click(NOW.replace(microsecond=0) + timedelta(minutes=n), n) for n in range(-3, 4)]
    await store(tables, clicks)
    for more in ("", "&f.country=is:PT"):
        view, _ = read_log(MultiDict(parse(f"range=custom&from=2026-11-24T09:28:12Z&to=2026-11-24T09:31:12Z{more}")))
        filters = make_filters(view, await read_today(tables, NOW))
        past = await read_past_clicks(tables, filters, 100)

        assert [line.id for line in past.lines] == [click.click_id for click in (clicks[3], clicks[2], clicks[1])]
        assert past.reached is None
