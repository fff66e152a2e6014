"""Which two parts fail together, and how: each two of the six parts once, with as many kinds of faults as fit. Pure."""

import itertools
import random
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

PartName = Literal["Kafka", "Redis", "Postgres", "ingest", "enricher", "sink"]
Kind = Literal["stopped", "frozen", "killed"]

PARTS: Final[tuple[PartName, ...]] = ("Kafka", "Redis", "Postgres", "ingest", "enricher", "sink")
KINDS: Final[tuple[Kind, ...]] = ("stopped", "frozen", "killed")


class Fault(msgspec.Struct, frozen=True):
    """What happens to one part."""

    part: PartName
    kind: Kind

    def __str__(self) -> str:
        return f"{self.part} {self.kind}"


class Case(msgspec.Struct, frozen=True):
    """Two faults whose times overlap: `first` begins and ends before `second`."""

    first: Fault
    second: Fault

    def __str__(self) -> str:
        return f"{self.first}, then {self.second}"


def choose_cases(seed: int) -> Sequence[Case]:
    """Give one case for each two parts, 15 in all, in an order of chance.

    Every part fails in every way, and comes first and second. Every two ways meet, in both orders. More than that would
    be 270 cases.
    """
    chance = random.Random(seed)
    return next(cases for _ in itertools.count() if is_covering(cases := draw_cases(chance)))


def draw_cases(chance: random.Random) -> Sequence[Case]:
    pairs = [chance.sample(pair, 2) for pair in itertools.combinations(PARTS, 2)]
    chance.shuffle(pairs)
    return [Case(*(Fault(part, chance.choice(KINDS)) for part in pair)) for pair in pairs]


def is_covering(cases: Sequence[Case]) -> bool:
    faults = {fault for case in cases for fault in (case.first, case.second)}
    places = {(fault.part, place) for case in cases for place, fault in enumerate((case.first, case.second))}
    kinds = {(case.first.kind, case.second.kind) for case in cases}
    return len(faults) == len(PARTS) * len(KINDS) and len(places) == len(PARTS) * 2 and len(kinds) == len(KINDS) ** 2
