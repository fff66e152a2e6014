"""Which clicks somebody wants to see: from the address of the page to a choice, and back. Pure."""

import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args
from urllib.parse import urlencode

import msgspec
from multidict import MultiMapping

from identity.ulid_time import ulid_time
from storage.read.queries import ClickFilters, RejectionFilters

Outcome: TypeAlias = Literal["accepted", "rejected"]
Visitors: TypeAlias = Literal["people", "bots", "tests", "prefetches"]
"""Who makes a click, as in the totals: one who follows a test link is none of the others, and a browser that asks ahead
of its visitor is nobody, unless it is a bot."""

LONGEST: Final = 128
COUNTRY: Final = re.compile(r"[A-Z]{2}")


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What to show; an empty text means any. `visitors` is empty or one of Visitors, `outcome` empty or an Outcome.

    `before` is a ULID: only what is older than that, which is how one goes back in time.
    """

    program: str = ""
    affiliate: str = ""
    code: str = ""
    country: str = ""
    visitors: str = ""
    outcome: str = ""
    before: str = ""

    @property
    def is_active(self) -> bool:
        """Whether anything is filtered at all; going back in time is not filtering."""
        return any(getattr(self, name) for name in self.__struct_fields__ if name != "before")

    @property
    def is_selective(self) -> bool:
        """Whether a table has to be searched: an outcome alone is a table, of which all is wanted."""
        return any(getattr(self, name) for name in self.__struct_fields__ if name not in ("before", "outcome"))

    @property
    def wants_accepted(self) -> bool:
        return self.outcome != "rejected"

    @property
    def wants_rejected(self) -> bool:
        """A rejection has no country, and who was refused is not asked."""
        return self.outcome != "accepted" and not self.country and not self.visitors


class Filterable(msgspec.Struct, frozen=True, kw_only=True):
    """What of a click or a rejection filters look at."""

    outcome: Outcome
    program: str = ""
    affiliate: str = ""
    code: str = ""
    country: str = ""
    visitors: str = ""


class IgnoredParameter(msgspec.Struct, frozen=True):
    """A parameter of a page's address that is not obeyed, as it was given, and why not."""

    name: str
    value: str
    why: str


def read_filters(query: Mapping[str, str]) -> Filters:
    """Read the filters of a page's query. What makes no sense is no filter: `list_ignored` tells what did not."""
    return Filters(
        **{
            name: value
            for name in Filters.__struct_fields__
            if explain_fault(name, value := clean_value(name, query)) is None
        }
    )


def list_ignored(query: MultiMapping[str]) -> list[IgnoredParameter]:
    """Give what of a page's query is no filter."""
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
    """Say why this cannot be the value of a filter; null where it can, or is empty."""
    match name:
        case _ if not value:
            return None
        case "visitors" | "outcome":
            choices = get_args(Visitors if name == "visitors" else Outcome)
            return None if value in choices else f"one of {', '.join(choices)}"
        case "country":
            return None if COUNTRY.fullmatch(value) else "a country is two letters, as DE"
        case "before":
            return None if has_time(value) else "not the id of a click"
        case _ if len(value) > LONGEST:
            return f"longer than {LONGEST} characters, as none is"
    return None if is_storable(value) else "has a character that none can have"


def has_time(text: str) -> bool:
    """Whether this is a ULID of a time that can be told: 48 bits of milliseconds reach beyond the year 9999."""
    try:
        ulid_time(text)
    except ValueError:
        return False
    return True


def is_storable(text: str) -> bool:
    """Whether PostgreSQL could hold the text at all: it takes no NUL, and no half of a surrogate pair."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def write_query(filters: Filters, **changes: str) -> str:
    """Give the query of a page with these filters, `before` left out unless it is among the changes."""
    values = {name: getattr(filters, name) for name in filters.__struct_fields__} | {"before": ""} | changes
    return urlencode({name: value for name, value in values.items() if value})


def matches(item: Filterable, filters: Filters) -> bool:
    if not (filters.wants_accepted if item.outcome == "accepted" else filters.wants_rejected):
        return False
    return all(
        not wanted or wanted == getattr(item, name)
        for name in ("program", "affiliate", "code", "country", "visitors")
        if (wanted := getattr(filters, name)) is not None
    )


def make_click_filters(filters: Filters) -> ClickFilters:
    return ClickFilters(
        program_id=filters.program or None,
        affiliate_id=filters.affiliate or None,
        code=filters.code or None,
        country=filters.country or None,
        is_bot=None if filters.visitors in ("", "tests") else filters.visitors == "bots",
        is_test=filters.visitors == "tests" if filters.visitors else None,
        prefetch=filters.visitors == "prefetches" if filters.visitors in ("people", "prefetches") else None,
    )


def make_rejection_filters(filters: Filters, reason: str | None = None) -> RejectionFilters:
    return RejectionFilters(
        program_id=filters.program or None,
        affiliate_id=filters.affiliate or None,
        asked=filters.code or None,
        reason=reason,
    )
