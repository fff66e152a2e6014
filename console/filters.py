"""Which clicks somebody wants to see: from the address of the page to a choice, and back. Pure."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args
from urllib.parse import urlencode

import msgspec

from identity.ulid import is_ulid
from sink.queries import ClickFilters, RejectionFilters

Outcome: TypeAlias = Literal["accepted", "rejected"]
Visitors: TypeAlias = Literal["people", "bots", "tests"]
"""Who makes a click: one who follows a test link is neither of the others, as in the totals."""

LONGEST: Final = 128


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
    def active(self) -> bool:
        """Whether anything is filtered at all; going back in time is not filtering."""
        return any(getattr(self, name) for name in self.__struct_fields__ if name != "before")

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


def read_filters(query: Mapping[str, str]) -> Filters:
    """Read the filters of a page's query. What makes no sense is no filter."""
    given = {name: query.get(name, "").strip()[:LONGEST] for name in Filters.__struct_fields__}
    return Filters(
        **given
        | {
            "country": given["country"].upper()[:2],
            "visitors": given["visitors"] if given["visitors"] in get_args(Visitors) else "",
            "outcome": given["outcome"] if given["outcome"] in get_args(Outcome) else "",
            "before": given["before"] if is_ulid(given["before"]) else "",
        }
    )


def write_query(filters: Filters, **changes: str) -> str:
    """Give the query of a page with these filters, `before` left out unless it is among the changes."""
    values = {name: getattr(filters, name) for name in filters.__struct_fields__} | {"before": ""} | changes
    return urlencode({name: value for name, value in values.items() if value})


def passes(item: Filterable, filters: Filters) -> bool:
    if not (filters.wants_accepted if item.outcome == "accepted" else filters.wants_rejected):
        return False
    return all(
        not wanted or wanted == getattr(item, name)
        for name in ("program", "affiliate", "code", "country", "visitors")
        if (wanted := getattr(filters, name)) is not None
    )


def click_filters(filters: Filters) -> ClickFilters:
    return ClickFilters(
        program_id=filters.program or None,
        affiliate_id=filters.affiliate or None,
        code=filters.code or None,
        country=filters.country or None,
        is_bot=None if filters.visitors in ("", "tests") else filters.visitors == "bots",
        is_test=filters.visitors == "tests" if filters.visitors else None,
    )


def rejection_filters(filters: Filters, reason: str | None = None) -> RejectionFilters:
    return RejectionFilters(
        program_id=filters.program or None,
        affiliate_id=filters.affiliate or None,
        asked=filters.code or None,
        reason=reason,
    )
