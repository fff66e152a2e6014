"""The values of a click or rejection that filters compare, from its record. Pure."""

from typing import Final

from console.clicks.filters import Filterable, Visitors
from console.clicks.marks import classify_quality, classify_uniqueness
from schemas import EnrichedClick, Utm
from storage.read.records import StoredClick, StoredRejection
from storage.rollups.dimensions import UNKNOWN, VALUE_LENGTH

APP_FETCH: Final = "app_fetch"


def make_click_filterable(stored: StoredClick) -> Filterable:
    click = stored.click
    return Filterable(
        outcome="accepted",
        values=list_values(stored),
        at=click.clicked_at,
        visitors=classify_visitor(click),
        unique=classify_uniqueness(stored.unique),
        quality=classify_quality(stored.fraud),
        address=click.ip_hash or "",
        network=click.net_hash or "",
        is_limited=click.limit is not None,
    )


def list_values(stored: StoredClick) -> dict[str, str]:
    """List a click's values of all fields that can be filtered by: the same as the SQL of the dimensions."""
    click = stored.click
    country, region = click.geo.country, click.geo.region
    utm = click.utm or Utm()
    values = {
        "country": country,
        "region": None if country is None or region is None else f"{country}-{region}",
        "device": click.device.type,
        "os": click.device.os,
        "browser": click.device.browser,
        "referrer_host": click.referrer.host,
        "referrer_medium": click.referrer.medium,
        "utm_source": utm.source,
        "utm_medium": utm.medium,
        "utm_campaign": utm.campaign,
        "edge_region": click.handled.region,
        "bot_reason": next(iter(click.bot.reasons), None),
        "network_kind": click.network.kind,
        "ivt_class": stored.fraud.ivt_class,
    }
    of_dimensions = {name: (value or UNKNOWN)[:VALUE_LENGTH] for name, value in values.items()}
    return {"program": click.program_id, "affiliate": click.affiliate_id, "code": click.code, **of_dimensions}


def make_rejection_filterable(stored: StoredRejection) -> Filterable:
    rejection = stored.rejection
    return Filterable(
        outcome="rejected",
        values={
            "program": rejection.program_id or UNKNOWN,
            "affiliate": rejection.affiliate_id or UNKNOWN,
            "code": rejection.asked,
            "edge_region": rejection.handled.region,
        },
        at=rejection.rejected_at,
        reason=rejection.reason,
        address=rejection.ip_hash or "",
    )


def classify_visitor(click: EnrichedClick) -> Visitors:
    if click.is_test:
        return "tests"
    if click.bot.is_bot:
        return "bots"
    if click.prefetch:
        return "prefetches"
    return "app_fetches" if click.bot.kind == APP_FETCH else "people"
