"""Which clicks somebody wants to see: from the address of the page to a choice, and back. Pure."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias
from urllib.parse import urlencode

import msgspec

from identity.ulid import is_ulid
from sink.queries import ClickFilters, RejectionFilters

Outcome: TypeAlias = Literal["accepted", "rejected"]

LONGEST: Final = 128


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What to show; an empty text means any. `bots` is empty, `yes` or `no`, `outcome` empty or an Outcome.

    `before` is a ULID: only what is older than that, which is how one goes back in time.
    """

    program: str = ""
    affiliate: str = ""
    code: str = ""
    country: str = ""
    bots: str = ""
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
        """A rejection has no country, and whether a bot was refused is not asked."""
        return self.outcome != "accepted" and not self.country and not self.bots


class Filterable(msgspec.Struct, frozen=True, kw_only=True):
    """What of a click or a rejection filters look at."""

    outcome: Outcome
    program: str = ""
    affiliate: str = ""
    code: str = ""
    country: str = ""
    is_bot: bool = False


def read_filters(query: Mapping[str, str]) -> Filters:
    """Read the filters of a page's query. What makes no sense is no filter."""
    given = {name: query.get(name, "").strip()[:LONGEST] for name in Filters.__struct_fields__}
    return Filters(
        **given
        | {
            "country": given["country"].upper()[:2],
            "bots": given["bots"] if given["bots"] in ("yes", "no") else "",
            "outcome": given["outcome"] if given["outcome"] in ("accepted", "rejected") else "",
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
    if filters.bots and (filters.bots == "yes") != item.is_bot:
        return False
    return all(
        not wanted or wanted == getattr(item, name)
        for name in ("program", "affiliate", "code", "country")
        if (wanted := getattr(filters, name)) is not None
    )


def click_filters(filters: Filters) -> ClickFilters:
    return ClickFilters(
        program_id=filters.program or None,
        affiliate_id=filters.affiliate or None,
        code=filters.code or None,
        country=filters.country or None,
        is_bot=filters.bots == "yes" if filters.bots else None,
    )


def rejection_filters(filters: Filters, reason: str | None = None) -> RejectionFilters:
    return RejectionFilters(
        program_id=filters.program or None,
        affiliate_id=filters.affiliate or None,
        asked=filters.code or None,
        reason=reason,
    )
