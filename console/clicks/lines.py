"""One line of the list of clicks, from a record of a table or of Kafka. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from console.clicks.events import ClickOrRejection, Tone
from console.clicks.filterable import APP_FETCH, make_click_filterable, make_rejection_filterable
from console.clicks.filters import Filterable
from console.clicks.marks import NO_MARKS, Marks, make_marks
from console.clicks.user_agents import describe_user_agent
from console.web.text import humanize, join
from console.web.times import describe_duration
from schemas import Device, EnrichedClick, Geo, Referrer
from schemas.reasons import REASONS, TRACES
from storage.read.records import StoredClick, StoredRejection

TOTAL: Final = "total"
NO_USER_AGENT: Final = "No user agent"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of clicks. Every text may be hostile; `filterable` has the values that filters compare.

    `badge` and `badge_title` show the outcome, `marks` what the click is worth, `took` how long ingest worked on it, if
    known.
    """

    id: str
    at: datetime
    tone: Tone
    badge: str
    badge_title: str
    status: int
    code: str
    owner: str
    source: str
    source_detail: str
    device: str
    device_detail: str
    country: str
    place: str
    took: str
    filterable: Filterable
    marks: Marks = NO_MARKS


def make_line(event: ClickOrRejection) -> Line:
    return make_click_line(event) if isinstance(event, StoredClick) else make_rejection_line(event)


def make_click_line(stored: StoredClick) -> Line:
    click = stored.click
    tone, badge, badge_title = classify_click(click)
    device, device_detail = describe_device(click.device, click.user_agent)
    source, source_detail = describe_referrer(click.referrer)
    total = click.handled.steps_us.get(TOTAL)
    return Line(
        id=click.click_id,
        at=click.clicked_at,
        tone=tone,
        badge=badge,
        badge_title=badge_title,
        status=302,
        code=click.code,
        owner=join(click.affiliate_id, click.program_id),
        source=source,
        source_detail=source_detail,
        device=device,
        device_detail=device_detail,
        country=click.geo.country or "",
        place=describe_place(click.geo),
        took="" if total is None else describe_duration(total),
        filterable=make_click_filterable(stored),
        marks=make_marks(stored.unique, stored.fraud),
    )


def make_rejection_line(stored: StoredRejection) -> Line:
    rejection = stored.rejection
    reason = REASONS.get(rejection.reason)
    device, device_detail = describe_user_agent(rejection.user_agent or "")
    return Line(
        id=rejection.rejection_id,
        at=rejection.rejected_at,
        tone="notice" if rejection.reason in TRACES else "rejected",
        badge=rejection.reason,
        badge_title=reason.title if reason else "This version does not know this reason",
        status=rejection.status,
        code=rejection.asked,
        owner=join(rejection.affiliate_id, rejection.program_id) or (reason.title if reason else ""),
        source=read_host(rejection.referrer or ""),
        source_detail="" if rejection.referrer else "direct",
        device=device or rejection.user_agent or NO_USER_AGENT,
        device_detail=device_detail,
        country="",
        place="",
        took="",
        filterable=make_rejection_filterable(stored),
    )


def classify_click(click: EnrichedClick) -> tuple[Tone, str, str]:
    """Return an accepted click's tone, its badge and the badge's meaning."""
    if click.is_test:
        return "test", "Test", "a signed test link was followed: 302, counted in no total"
    if click.bot.is_bot:
        return "bot", "Bot", join(*map(humanize, click.bot.reasons), separator=", ") or "looks automated"
    if click.prefetch:
        return "notice", "Prefetch", "the browser fetched the link before the visitor clicked: 302, counted in no total"
    if click.bot.kind == APP_FETCH:
        return "notice", "App fetch", "a program of a device fetched the link without showing it: 302, counted apart"
    return "accepted", "Accepted", "302, counted as a click"


def describe_device(device: Device, user_agent: str | None) -> tuple[str, str]:
    """Return browser and system (or else the user agent), and the model or kind of device."""
    major = device.browser_version and device.browser_version.split(".", 1)[0]
    name = join(join(device.browser, major, separator=" "), device.os)
    model = join(device.brand, device.model, separator=" ")
    return name or user_agent or NO_USER_AGENT, model or humanize(device.type)


def describe_referrer(referrer: Referrer) -> tuple[str, str]:
    return referrer.source or referrer.host or "", humanize(referrer.medium)


def read_host(url: str) -> str:
    """Return the text at a URL's host position. Never raises, because referrers can be any text."""
    return url.split("://", 1)[-1].split("/", 1)[0]


def describe_place(geo: Geo) -> str:
    return geo.city or geo.region or ("" if geo.country else humanize(geo.status))


def merge_lines(stored: Iterable[Line], live: Iterable[Line], limit: int) -> list[Line]:
    """Merge both lists, newest first, each id once. What is stored may be settled, so it wins. ULIDs sort by time."""
    by_id = {line.id: line for line in (*live, *stored)}
    return sorted(by_id.values(), key=lambda line: line.id, reverse=True)[:limit]
