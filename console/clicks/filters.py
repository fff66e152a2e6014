"""The filters of the list of clicks, read from a page's query and written back. Pure."""

import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args
from urllib.parse import urlencode

import msgspec
from multidict import MultiMapping

from identity.ulid_time import ulid_time
from storage.read.click_filters import ClickFilters
from storage.read.queries import RejectionFilters

Outcome: TypeAlias = Literal["accepted", "rejected"]
Visitors: TypeAlias = Literal["people", "bots", "app_fetches", "prefetches", "tests"]
"""Who made a click, as in the totals. A test is only a test; a prefetch counts as bot if a bot made it, never as
people."""
Uniqueness: TypeAlias = Literal["unique", "repeat", "not_judged"]
Quality: TypeAlias = Literal["clean", "suspicious", "likely_invalid", "invalid", "not_scored"]
"""The band of the verdict that counts: of a click that only the live stream has, the live one."""
CHOICES: Final = {
    "visitors": get_args(Visitors),
    "outcome": get_args(Outcome),
    "unique": get_args(Uniqueness),
    "quality": get_args(Quality),
}
OF_CLICKS: Final = ("country", "visitors", "unique", "quality")
"""The filters that no rejection passes: it has no such value."""

LONGEST: Final = 128
COUNTRY: Final = re.compile(r"[A-Z]{2}")


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What to show; an empty text means any. CHOICES lists the values of four of them.

    `before` is a ULID: show only older events. It is used for paging.
    """

    program: str = ""
    affiliate: str = ""
    code: str = ""
    country: str = ""
    visitors: str = ""
    unique: str = ""
    quality: str = ""
    outcome: str = ""
    before: str = ""

    @property
    def is_active(self) -> bool:
        """Whether any filter is set, apart from paging."""
        return any(getattr(self, name) for name in self.__struct_fields__ if name != "before")

    @property
    def is_selective(self) -> bool:
        """Whether a table must be searched. An outcome alone selects a whole table."""
        return any(getattr(self, name) for name in self.__struct_fields__ if name not in ("before", "outcome"))

    @property
    def needs_verdicts(self) -> bool:
        """Whether the verdict decides, which may have changed since the click was live."""
        return bool(self.unique or self.quality)

    @property
    def wants_accepted(self) -> bool:
        return self.outcome != "rejected"

    @property
    def wants_rejected(self) -> bool:
        return self.outcome != "accepted" and not any(getattr(self, name) for name in OF_CLICKS)


class Filterable(msgspec.Struct, frozen=True, kw_only=True):
    """The values of a click or rejection that filters compare."""

    outcome: Outcome
    program: str = ""
    affiliate: str = ""
    code: str = ""
    country: str = ""
    visitors: str = ""
    unique: str = ""
    quality: str = ""


class IgnoredParameter(msgspec.Struct, frozen=True):
    """A query parameter that was ignored, as it was given, and why."""

    name: str
    value: str
    why: str


def read_filters(query: Mapping[str, str]) -> Filters:
    """Read the filters of a page's query. Skip invalid ones; `list_ignored` names them."""
    return Filters(
        **{
            name: value
            for name in Filters.__struct_fields__
            if explain_fault(name, value := clean_value(name, query)) is None
        }
    )


def list_ignored(query: MultiMapping[str]) -> list[IgnoredParameter]:
    """List the parameters of a page's query that are ignored."""
    ignored = []
    for name in dict.fromkeys(query):
        first, *others = query.getall(name)
        if name not in Filters.__struct_fields__:
            ignored.append(IgnoredParameter(name, first, "no such filter"))
            continue
        why = explain_fault(name, clean_value(name, query))
        ignored += [IgnoredParameter(name, first, why)] if why else []
        ignored += [IgnoredParameter(name, other, "only the first one counts") for other in others if other != first]
    return ignored


def clean_value(name: str, query: Mapping[str, str]) -> str:
    value = query.get(name, "").strip()
    return value.upper() if name == "country" else value


def explain_fault(name: str, value: str) -> str | None:
    """Say why a filter cannot have this value; null if it can, or if it is empty."""
    match name:
        case _ if not value:
            return None
        case "visitors" | "outcome" | "unique" | "quality":
            return None if value in CHOICES[name] else f"one of {', '.join(CHOICES[name])}"
        case "country":
            return None if COUNTRY.fullmatch(value) else "a country is two letters, for example DE"
        case "before":
            return None if has_time(value) else "not the id of a click"
        case _ if len(value) > LONGEST:
            return f"longer than {LONGEST} characters"
    return None if is_storable(value) else "contains a character that cannot be stored"


def has_time(text: str) -> bool:
    """Whether this is a ULID with a time that Python can hold: 48 bits of milliseconds reach beyond the year 9999."""
    try:
        ulid_time(text)
    except ValueError:
        return False
    return True


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can store the text: it accepts no NUL and no lone surrogate."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def write_query(filters: Filters, **changes: str) -> str:
    """Write the query of a page with these filters. Omit `before` unless it is among the changes."""
    values = {name: getattr(filters, name) for name in filters.__struct_fields__} | {"before": ""} | changes
    return urlencode({name: value for name, value in values.items() if value})


def matches(item: Filterable, filters: Filters) -> bool:
    if not (filters.wants_accepted if item.outcome == "accepted" else filters.wants_rejected):
        return False
    return all(
        not (wanted := getattr(filters, name)) or wanted == getattr(item, name)
        for name in Filterable.__struct_fields__
        if name != "outcome"
    )


def make_click_filters(filters: Filters) -> ClickFilters:
    return ClickFilters(
        program_id=filters.program or None,
        affiliate_id=filters.affiliate or None,
        code=filters.code or None,
        country=filters.country or None,
        visitors=filters.visitors or None,
        uniqueness=filters.unique or None,
        band=filters.quality or None,
    )


def make_rejection_filters(filters: Filters, reason: str | None = None) -> RejectionFilters:
    return RejectionFilters(
        program_id=filters.program or None,
        affiliate_id=filters.affiliate or None,
        asked=filters.code or None,
        reason=reason,
    )
