"""What cells are counted by: the sets of GROUP BY, and what each of them is in `click_rollups`. Pure."""

from collections.abc import Iterable
from typing import Final

import msgspec

from storage.rollups.dimensions import CUT, DIMENSIONS, PAIRS

CUT_NUMBERS: Final = tuple(DIMENSIONS[name].number for name in CUT)


class GroupingSet(msgspec.Struct, frozen=True):
    """What cells of one kind are counted by: columns of `mapped`, and what they are in `click_rollups`."""

    grain: str
    kind: str
    columns: tuple[str, ...]
    dim: int = 0
    dim2: int = 0


ENTITIES: Final = {"p": (), "a": ("affiliate_id",), "c": ("code",)}
DETAILED: Final = {"p": (), "a": ("detailed_affiliate",), "c": ("detailed_code",)}


def list_pairs() -> Iterable[GroupingSet]:
    for one, other in PAIRS:
        cut = [each.number for each in (one, other) if each.number in CUT_NUMBERS]
        prefix = "both" if len(cut) == len(CUT_NUMBERS) else "cut"
        columns = [f"{prefix if each.number in cut else 'd'}{each.number}" for each in (one, other)]
        yield GroupingSet("d", "p", ("day", *columns), one.number, other.number)


TOTALS: Final = tuple(
    GroupingSet(grain, kind, (column, *entity))
    for grain, column in (("h", "hour"), ("d", "day"))
    for kind, entity in ENTITIES.items()
)
VALUES: Final = {
    kind: tuple(GroupingSet("d", kind, ("day", *entity, f"d{one.number}"), one.number) for one in DIMENSIONS.values())
    for kind, entity in DETAILED.items()
}
PAIRED_SETS: Final = tuple(list_pairs())
PLAIN_SETS: Final = (*TOTALS, *VALUES["p"])
DETAILED_SETS: Final = (*VALUES["a"], *VALUES["c"], *PAIRED_SETS)
"""Most of these cells are only of entities and values that have details."""
ALL_SETS: Final = (*PLAIN_SETS, *DETAILED_SETS)
CUTS: Final = tuple(f"{prefix}{number}" for prefix in ("cut", "both") for number in CUT_NUMBERS)
DIMS: Final = tuple(f"d{one.number}" for one in DIMENSIONS.values())
GROUPED: Final = ("hour", "day", "affiliate_id", "code", "detailed_affiliate", "detailed_code", *DIMS, *CUTS)
"""All columns that a set may name."""
