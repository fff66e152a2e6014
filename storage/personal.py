"""What of a click is personal, and what stays in its place, as SQL. Pure: the only place that says so.

Kept are the columns by which clicks are counted: program, affiliate, code, time, country, region, device, system,
browser, referrer host and medium, utm source, medium and campaign, network and verdicts.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SUBS: Final = ("sub1", "sub2", "sub3", "sub4", "sub5")


def keep_origin(column: str) -> str:
    """Give the SQL of a URL's scheme and host: what follows them may name a person."""
    return f"regexp_replace(coalesce(substring({column} from '^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*'), ''), '//.*@', '//')"


def drop_details(column: str) -> str:
    """Give the SQL of signals without the texts that they compared."""
    without = f"(SELECT jsonb_agg(one - 'detail') FROM jsonb_array_elements({column}) AS one)"  # noqa: S608 - names of ours
    return f"CASE WHEN {column} @? '$[*].detail ? (@ != null)' THEN {without} ELSE {column} END"


PERSONAL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ip_hash": "NULL",
        "ip_hash_key_id": "NULL",
        "net_hash": "NULL",
        "client_hash": "NULL",
        "user_agent": "NULL",
        "client_hints_ua": "NULL",
        "client_hints_model": "NULL",
        "client_hints_platform_version": "NULL",
        "accept_language": "NULL",
        "referrer_url": "NULL",
        "referrer_term": "NULL",
        "path": "''",
        "query": "''",
        "target_url": keep_origin("target_url"),
        "geo_city": "NULL",
        "external_id": "NULL",
        "ad_ids": "NULL",
        "fraud_signals": drop_details("fraud_signals"),
    }
)
"""Columns of `clicks` that are emptied after CLICKRAIL_SINK_PERSONAL_DAYS, and what they hold then."""

ERASED: Final[Mapping[str, str]] = MappingProxyType(
    dict(PERSONAL)
    | dict.fromkeys((*SUBS, "utm_term", "utm_content", "handled_sequence"), "NULL")
    | {
        "handled_process": "''",
        "handled_steps_us": "'{}'",
        "handled_key_ids": "'{}'",
        "previous_click_id": "NULL",
        "lease_click_id": "NULL",
    }
)
"""Columns of an erased click, and what they hold then. Its id, time and `first_click_id` get values of their own."""

REJECTION: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ip_hash": "NULL",
        "ip_hash_key_id": "NULL",
        "user_agent": "NULL",
        "referrer": keep_origin("referrer"),
        "handled_process": "''",
    }
)
"""Columns of an erased rejection."""

SCORE_SIGNALS: Final = drop_details("signals")


def personal_columns(personal_subs: str) -> Mapping[str, str]:
    """Give what is left of each personal column; `personal_subs`: the SQL of the programs whose subs are personal."""
    subs = {sub: f"CASE WHEN program_id = ANY({personal_subs}) THEN NULL ELSE {sub} END" for sub in SUBS}
    return dict(PERSONAL) | subs


def assignments(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{column} = {sql}" for column, sql in columns.items())


def is_left(columns: Mapping[str, str]) -> str:
    """Give the SQL condition that something is left to empty."""
    tests = (
        f"{name} IS NOT NULL" if sql == "NULL" else f"{name} IS DISTINCT FROM {sql}" for name, sql in columns.items()
    )
    return f"({' OR '.join(tests)})"
