"""Which clicks and rejections the log shows: by the tables, and the same for those that arrive. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from storage.read.click_filters import OF_REJECTIONS, ClickFilters, FieldFilter
from storage.read.queries import RejectionFilters
from storage.rollups.dimensions import UNKNOWN

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
OF_CLICKS: Final = ("visitors", "unique", "quality", "measure", "network")
"""The filters that no rejection passes: it has no such value."""
BY_VERDICT: Final = ("uniques", "repeats", "not_judged", "suspicious", "invalid", "givt", "sivt", "net")
"""The measures that a later verdict changes."""
EXACT: Final = ("visitors", "unique", "quality", "address", "network", "reason")


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What to show; an empty text means any. CHOICES lists the values of four of them.

    `fields` are filters by the fields of analytics, `measure` means what one of its numbers counts. `address` and
    `network` are hashes. Only what came at `since` or later, and before `until`. `before` is a ULID: show only older
    events. It is used for paging.
    """

    fields: tuple[FieldFilter, ...] = ()
    measure: str = ""
    visitors: str = ""
    unique: str = ""
    quality: str = ""
    outcome: str = ""
    reason: str = ""
    address: str = ""
    network: str = ""
    before: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Whether any filter is set, apart from paging and the range."""
        return any(getattr(self, name) for name in self.__struct_fields__ if name not in ("before", "since", "until"))

    @property
    def is_selective(self) -> bool:
        """Whether a table must be searched. An outcome alone selects a whole table."""
        return bool(self.fields) or any(getattr(self, name) for name in (*EXACT, "measure"))

    @property
    def needs_verdicts(self) -> bool:
        """Whether the verdict decides, which may have changed since the click was live."""
        by_class = any(one.field == "ivt_class" for one in self.fields)
        return bool(self.unique or self.quality or by_class or self.measure in BY_VERDICT)

    @property
    def wants_accepted(self) -> bool:
        return self.outcome != "rejected" and not self.reason

    @property
    def wants_rejected(self) -> bool:
        return (
            self.outcome != "accepted"
            and not any(getattr(self, name) for name in OF_CLICKS)
            and all(one.field in OF_REJECTIONS for one in self.fields)
        )


class Filterable(msgspec.Struct, frozen=True, kw_only=True):
    """The values of a click or rejection that filters compare. `values` are by field; unknown is the empty text."""

    outcome: Outcome
    values: Mapping[str, str] = MappingProxyType({})
    at: datetime | None = None
    visitors: str = ""
    unique: str = ""
    quality: str = ""
    reason: str = ""
    address: str = ""
    network: str = ""
    is_limited: bool = False

    @property
    def is_test(self) -> bool:
        return self.visitors == "tests"


def is_person(item: Filterable) -> bool:
    return item.visitors == "people"


def has_class(item: Filterable, *classes: str) -> bool:
    return not item.is_test and item.values.get("ivt_class", UNKNOWN) in classes


COUNTED_LIVE: Final[Mapping[str, Callable[[Filterable], bool]]] = MappingProxyType(
    {
        "people": is_person,
        "bots": lambda item: item.visitors == "bots",
        "app_fetches": lambda item: item.visitors == "app_fetches",
        "prefetches": lambda item: item.visitors == "prefetches",
        "tests": lambda item: item.is_test,
        "uniques": lambda item: is_person(item) and item.unique == "unique",
        "repeats": lambda item: is_person(item) and item.unique == "repeat",
        "limited": lambda item: is_person(item) and item.is_limited,
        "suspicious": lambda item: not item.is_test and item.quality == "suspicious",
        "invalid": lambda item: not item.is_test and item.quality in ("likely_invalid", "invalid"),
        "givt": lambda item: has_class(item, "givt"),
        "sivt": lambda item: has_class(item, "sivt"),
        "not_judged": lambda item: is_person(item) and item.unique == "not_judged",
        "gross": lambda item: not item.is_test,
        "net": lambda item: not item.is_test and not has_class(item, "givt", "sivt"),
    }
)
"""What each measure counts of the clicks that arrive: the same as `storage.read.click_filters.COUNTED_BY`."""


def matches(item: Filterable, filters: Filters) -> bool:
    if not (filters.wants_accepted if item.outcome == "accepted" else filters.wants_rejected):
        return False
    return (
        all(not (wanted := getattr(filters, name)) or wanted == getattr(item, name) for name in EXACT)
        and (not filters.measure or COUNTED_LIVE[filters.measure](item))
        and all(fits(item.values.get(one.field, UNKNOWN), one) for one in filters.fields)
        and is_within(item.at, filters)
    )


def is_within(at: datetime | None, filters: Filters) -> bool:
    if at is None:
        return True
    return (filters.since is None or at >= filters.since) and (filters.until is None or at < filters.until)


def fits(value: str, one: FieldFilter) -> bool:
    """Compare a value as PostgreSQL does."""
    if one.operator == "has":
        return value in one.named or any(text.lower() in value.lower() for text in one.values)
    return (value in one.values) != (one.operator == "not")


def make_click_filters(filters: Filters) -> ClickFilters:
    return ClickFilters(
        visitors=filters.visitors or None,
        uniqueness=filters.unique or None,
        band=filters.quality or None,
        measure=filters.measure or None,
        address=filters.address or None,
        network=filters.network or None,
        fields=filters.fields,
    )


def make_rejection_filters(filters: Filters) -> RejectionFilters:
    return RejectionFilters(reason=filters.reason or None, address=filters.address or None, fields=filters.fields)
