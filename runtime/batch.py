"""One batch of a stage: the records of one fetch, and the dead letters made of them.

The type of a dead letter, and the functions that make and write one, are part of the stage's `StageSpec`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from runtime.containment import Crash, contain
from runtime.dead_letter_limit import DeadLetterLimit
from runtime.kafka.consume import Records
from runtime.kafka.out_record import Headers

INTERNAL_ERROR: Final = "internal_error"
"""The reason of a dead letter about a record that our own code fails at."""
NOTHING: Final[Mapping[int, str]] = {}


class Letter(Protocol):
    """A dead letter, as far as the shell reads it: where its record was read, and why it could not be processed."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def reason(self) -> str: ...


T = TypeVar("T")
U = TypeVar("U")
L = TypeVar("L", bound=Letter)


class Failure(msgspec.Struct, frozen=True):
    """Why a record could not be processed: a stable word, and a sentence for people."""

    reason: str
    detail: str


class DeadLetterFormat(msgspec.Struct, Generic[L], frozen=True, kw_only=True):
    """How dead letters are made and written.

    `make` takes a record, the failure, the stage's name and the time. `write` gives key, value and headers, with so
    many bytes of the original record at most. `topic` is without the prefix of an installation.
    """

    topic: str
    type: type[L]
    make: Callable[[Any, Failure, str, datetime], L]
    write: Callable[[L, int], tuple[bytes | None, bytes, Headers]]


class StageSpec(msgspec.Struct, Generic[L], frozen=True, kw_only=True):
    """What a stage is. Its name is in its consumer group, its client id and its settings; topics have no prefix."""

    name: str
    topics: tuple[str, ...]
    letters: DeadLetterFormat[L]


class Batch(Generic[L]):
    """The records of one fetch, and the dead letters made of them so far; both by place, their number in the batch.

    Each method that adds letters checks the dead-letter limit and raises TooManyDeadLetters: no letter of this batch
    has been delivered by then. `now` dates the letters.
    """

    def __init__(self, spec: StageSpec[L], limit: DeadLetterLimit, records: Records, now: datetime) -> None:
        self.records: dict[int, Any] = dict(enumerate(records))
        self.letters: dict[int, L] = {}
        self.now = now
        self._spec = spec
        self._limit = limit

    def process(self, work: Callable[[T], U | L], items: Mapping[int, T]) -> dict[int, U]:
        """Do the work on each item; give what it made, by place. A letter, or a crash of the work, is set aside."""
        made: dict[int, U] = {}
        for place, item in items.items():
            outcome = contain(work, item)
            if isinstance(outcome, Crash):
                self._add(place, Failure(INTERNAL_ERROR, outcome.description))
            elif isinstance(outcome, self._spec.letters.type):
                self.letters[place] = outcome
            else:
                made[place] = outcome  # type: ignore[assignment] # mypy cannot subtract a type variable from a union
        self.check_limit()
        return made

    def reject(self, failures: Mapping[int, Failure]) -> None:
        """Dead-letter records that were processed and cannot be delivered or stored."""
        for place, failure in failures.items():
            self._add(place, failure)
        self.check_limit()

    def check_limit(self, failing: Mapping[int, str] = NOTHING) -> None:
        """Check the letters made so far, and those there would be if the records `failing` were rejected."""
        reasons = {place: letter.reason for place, letter in self.letters.items()} | dict(failing)
        self._limit.check(dict(sorted(reasons.items())))

    def _add(self, place: int, failure: Failure) -> None:
        self.letters[place] = self._spec.letters.make(self.records[place], failure, self._spec.name, self.now)
