"""The list of dead letters, without their bytes."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from storage.read.letter_names import LetterName, name_letter, parse_letter_name
from storage.read.queries import QUERY_S, Reader
from storage.read.where import Where

KEY: Final = 'failed_at, topic, "partition", "offset", digest'
NEWEST_FIRST: Final = 'failed_at DESC, topic DESC, "partition" DESC, "offset" DESC, digest DESC'
GROUPED: Final = 10_000
"""Groups are counted over so many of the newest letters."""


class LetterLine(msgspec.Struct, frozen=True):
    """A dead letter without its bytes: where it was read, what was wrong, and how many bytes there are."""

    topic: str
    partition: int
    offset: int
    digest: str
    stage: str
    reason: str
    detail: str
    failed_at: datetime
    size: int

    @property
    def name(self) -> LetterName:
        return name_letter(self.topic, self.partition, self.offset, self.digest)

    @property
    def place(self) -> str:
        """Where a list goes on after this letter."""
        name = LetterName(self.topic, self.partition, self.offset, self.digest)
        return f"{self.failed_at.astimezone(UTC).isoformat()}~{name}"


class LetterFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which letters; None means any. Only those that failed at `since` or later, and before `until`."""

    stage: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class LetterGroup(msgspec.Struct, frozen=True):
    """Letters of one stage and reason."""

    stage: str
    reason: str
    count: int


def read_place(place: str) -> tuple[datetime, LetterName] | None:
    """Read where a list goes on; None for anything else."""
    time, _, text = place.partition("~")
    name = parse_letter_name(text)
    try:
        at = datetime.fromisoformat(time)
    except ValueError:
        return None
    return None if name is None or at.tzinfo is None else (at, name)


async def recent_letters(
    reader: Reader, limit: int, filters: LetterFilters | None = None, after: str = ""
) -> list[LetterLine]:
    """Return the newest dead letters, newest first, that follow the place `after`."""
    where = select_letters(filters or LetterFilters())
    if (found := read_place(after)) is not None:
        at, name = found
        values = (at, name.topic, name.partition, name.offset, name.digest)
        where.add(f"({KEY}) < ({', '.join(map(where.bind, values))})")
    rows = await reader.fetch(
        f'SELECT topic, "partition", "offset", digest, stage, reason, detail, failed_at, octet_length(value)'  # noqa: S608 - fixed texts
        f" FROM dead_letters {where} ORDER BY {NEWEST_FIRST} LIMIT {where.bind(limit)}",
        *where.values,
        timeout=QUERY_S,
    )
    return [LetterLine(*row) for row in rows]


def select_letters(filters: LetterFilters) -> Where:
    where = Where(filters, {"stage": "stage", "reason": "reason"})
    where.since(filters.since, "failed_at")
    if filters.until is not None:
        where.add(f"failed_at < {where.bind(filters.until)}")
    return where


async def group_letters(reader: Reader, filters: LetterFilters) -> list[LetterGroup]:
    """Count the newest letters by stage and reason, the most frequent first."""
    where = select_letters(filters)
    rows = await reader.fetch(
        "SELECT stage, reason, count(*) FROM ("  # noqa: S608 - fixed texts
        f"SELECT stage, reason FROM dead_letters {where} ORDER BY failed_at DESC LIMIT {where.bind(GROUPED)}"
        ") AS newest GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        *where.values,
        timeout=QUERY_S,
    )
    return [LetterGroup(*row) for row in rows]
