"""How much detail a day has, at most. Tests set smaller limits than the product's."""

from functools import cache
from typing import Final

import msgspec

from storage.rollups.dimensions import DETAILED_FROM, MOST_VALUES

MOST_PAIRED: Final = 30


class Limits(msgspec.Struct, frozen=True):
    """Clicks a day from which an entity or value has details; values of a dimension; of those, how many have pairs."""

    detailed_from: int = DETAILED_FROM
    most_values: int = MOST_VALUES
    most_paired: int = MOST_PAIRED


LIMITS: Final = Limits()


@cache
def fill(statement: str, limits: Limits) -> str:
    """Put the limits into a statement, in the places of `:detailed_from`, `:most_values` and `:most_paired`."""
    for name in limits.__struct_fields__:
        statement = statement.replace(f":{name}", str(getattr(limits, name)))
    return statement
