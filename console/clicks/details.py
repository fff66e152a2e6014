"""Everything known about a click or a rejection, as groups of labelled values. Pure."""

from typing import Final

from console.clicks.events import ClickOrRejection
from console.clicks.fields import Field, Group
from console.clicks.quality_facts import describe_quality_facts
from console.clicks.user_agents import describe_user_agent
from console.web.text import humanize, join
from schemas import ClientHints, EnrichedClick, Fetch, RejectedClick
from storage.read.records import StoredClick
from storage.rollups.dimensions import DIMENSIONS

NOT_KEPT: Final = "not kept"


def describe_event(event: ClickOrRejection) -> tuple[Group, ...]:
    if isinstance(event, StoredClick):
        return describe_click(event)
    rejection = event.rejection
    return (
        describe_rejection_request(rejection),
        describe_referral(rejection.affiliate_id, rejection.program_id),
        Group(
            "Visitor",
            (
                Field("Device", join(*describe_user_agent(rejection.user_agent or "")) or None),
                make_address_field(rejection.ip_hash, rejection.ip_hash_key_id),
            ),
        ),
        Group(
            "Times",
            (
                Field("Asked", rejection.rejected_at, "time"),
                Field("In Kafka", event.published_at, "time"),
                Field("Stored", event.stored_at, "time"),
            ),
        ),
        describe_handling(rejection),
    )


def describe_click(stored: StoredClick) -> tuple[Group, ...]:
    click = stored.click
    times = (
        Field("Clicked", click.clicked_at, "time"),
        Field("In Kafka", click.published_at, "time"),
        Field("Enriched", stored.enriched_at, "time"),
        Field("Stored", stored.stored_at, "time"),
    )
    return (
        describe_click_request(click),
        describe_referral(click.affiliate_id, click.program_id, click),
        describe_visitor(click),
        describe_cookie_and_privacy(click),
        *describe_quality_facts(click),
        Group("Times", times),
        describe_handling(click),
    )


def describe_click_request(click: EnrichedClick) -> Group:
    hints = click.client_hints
    return Group(
        "Request",
        (
            Field("Asked for", address(click.host, click.path, click.query), "mono"),
            Field("Sent to", click.target_url, "mono"),
            Field("Referrer", click.referrer.url, "mono", "referrer_host"),
            Field("User agent", click.user_agent, "mono"),
            Field("Languages", click.accept_language, "mono"),
            *([Field("Client hints", join_fields(hints), "mono")] if hints else []),
            *([Field("Fetch headers", join_fields(click.fetch), "mono")] if click.fetch else []),
            *([Field("Cut to their caps", join(*click.truncated, separator=", "))] if click.truncated else []),
        ),
    )


def join_fields(part: ClientHints | Fetch) -> str:
    """Give the headers that the browser sent, in our order: `site none · mode navigate`."""
    values = ((name, getattr(part, name)) for name in part.__struct_fields__)
    return join(*(f"{humanize(name)} {value}" for name, value in values if value is not None))


def describe_rejection_request(rejection: RejectedClick) -> Group:
    return Group(
        "Request",
        (
            Field("Asked for", rejection.asked, "mono", "code"),
            Field("Host", rejection.host, "mono"),
            *([Field("Method", rejection.method, "mono")] if rejection.method else []),
            Field("Answered", str(rejection.status)),
            Field("Referrer", rejection.referrer, "mono"),
            Field("User agent", rejection.user_agent, "mono"),
        ),
    )


def address(host: str, path: str, query: str) -> str:
    return f"{host}{path}" + (f"?{query}" if query else "")


def describe_referral(affiliate_id: str | None, program_id: str | None, click: EnrichedClick | None = None) -> Group:
    """Name the affiliate and program, and the parameters that were sent."""
    whose = (
        Field("Affiliate", affiliate_id, "affiliate", "affiliate"),
        Field("Program", program_id, "mono", "program"),
    )
    if click is None:
        return Group("Referral", whose)
    given = [(f"sub{number}", getattr(click, f"sub{number}")) for number in range(1, 6)]
    given.append(("External id", click.external_id))
    if click.utm:
        given += [(f"utm_{name}", getattr(click.utm, name)) for name in click.utm.__struct_fields__]
    given += (click.ad_ids or {}).items()
    parameters = [
        Field(name, value, "mono", name if name in DIMENSIONS else "") for name, value in given if value is not None
    ]
    return Group("Referral", (Field("Code", click.code, "mono", "code"), *whose, *parameters))


def describe_visitor(click: EnrichedClick) -> Group:
    geo, device = click.geo, click.device
    place = join(geo.city, geo.region, geo.country, separator=", ")
    reasons = join(*map(humanize, click.bot.reasons), separator=", ") if click.bot.is_bot else "no"
    return Group(
        "Visitor",
        (
            Field("Place", place or humanize(geo.status), by="country"),
            Field("City database", geo.database),
            Field("Device", join(humanize(device.type), join(device.brand, device.model, separator=" ")), by="device"),
            Field("Browser", join(device.browser, device.browser_version, separator=" ") or None, by="browser"),
            Field("System", join(device.os, device.os_version, separator=" ") or None, by="os"),
            Field("Automated", reasons, by="bot_reason"),
            make_address_field(click.ip_hash, click.ip_hash_key_id),
        ),
    )


def make_address_field(ip_hash: str | None, key_id: str | None) -> Field:
    """Show the hash of the visitor's address. The address itself is stored nowhere."""
    return Field("Address, hashed", join(ip_hash, key_id and f"key {key_id}") or NOT_KEPT, "mono")


def describe_cookie_and_privacy(click: EnrichedClick) -> Group:
    signals = join("GPC" if click.privacy.gpc else None, "DNT" if click.privacy.dnt else None, separator=", ")
    return Group(
        "Cookie and privacy",
        (
            Field("Cookie", humanize(click.cookie_state)),
            Field("Click before this one", click.previous_click_id, "click"),
            Field("Privacy signals", signals or "none"),
            Field("Decision", humanize(click.privacy.decision)),
            Field("Prefetch", "yes" if click.prefetch else "no"),
            Field("Test link", "yes" if click.is_test else "no"),
        ),
    )


def describe_handling(record: EnrichedClick | RejectedClick) -> Group:
    handled = record.handled
    keys = ((name, getattr(handled.key_ids, name)) for name in handled.key_ids.__struct_fields__)
    used = [f"{humanize(name)} {key_id}" for name, key_id in keys if key_id is not None]
    return Group(
        "Handled by",
        (
            Field("Region", handled.region, by="edge_region"),
            Field("Process", handled.process, "mono"),
            Field("Number in process", None if handled.sequence is None else f"{handled.sequence:,}"),
            Field("Lookup from", handled.cache),
            Field("Keys used", join(*used, separator=", ") or None),
            Field("Schema", record.schema_version),
        ),
    )
