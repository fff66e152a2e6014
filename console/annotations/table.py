"""The table of annotations: added, listed and removed, each with its entry in the audit log."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from console.annotations.entity_filters import list_parameters, write_condition
from console.audit.log import Actor, AuditEntry, write_audit
from console.view.view import View
from storage.read.asking.question import Moment, Span
from storage.read.queries import QUERY_S, Reader

SHOWN: Final = 200
A_DAY: Final = timedelta(days=1)
"""A day of the reporting zone begins and ends within a day of that of UTC: charts place each exactly."""
WHEN: Final = "coalesce(at, day::timestamp AT TIME ZONE 'UTC')"
SELECT: Final = """
    SELECT annotation_id, day, at, program_id, programs.name AS program, text, written_by, written_at
    FROM annotations LEFT JOIN programs ON programs.id = program_id
"""
FIND: Final = f"{SELECT} WHERE annotation_id = $1"
LIST: Final = f"""{SELECT}
    WHERE ($1::timestamptz IS NULL OR {WHEN} >= $1) AND ($2::timestamptz IS NULL OR {WHEN} < $2)
        AND {write_condition("program_id", "programs.name", 3)}
    ORDER BY {WHEN} DESC, annotation_id DESC LIMIT {SHOWN}
"""
NAMES: Final = ("annotation_id", "program_id", "program", "text", "written_by", "written_at")
ADD: Final = """
    INSERT INTO annotations (day, at, program_id, text, written_by, written_at) VALUES ($1, $2, $3, $4, $5, $6)
    RETURNING annotation_id
"""
REMOVE: Final = "DELETE FROM annotations WHERE annotation_id = $1 RETURNING day, at, program_id, text"


class NewAnnotation(msgspec.Struct, frozen=True, kw_only=True):
    """A text about a day of the reporting zone or a moment, of a program or, if null, of all."""

    when: Moment
    text: str
    program_id: str | None = None

    def describe(self) -> dict[str, Any]:
        """Give what the audit log keeps."""
        return {name: value for name, value in msgspec.to_builtins(self).items() if value is not None}


class Annotation(NewAnnotation, frozen=True, kw_only=True):
    """An annotation as it is stored. `program` is the program's name."""

    annotation_id: int
    program: str | None
    written_by: str
    written_at: datetime


async def list_annotations(reader: Reader, span: Span | None = None, view: View | None = None) -> list[Annotation]:
    """List the newest annotations, of a range or of all, that the view's filter by program lets through.

    Those of all programs are among them. Raises asyncpg's errors.

    Of days at the edges of the range there may be one too many.
    """
    begin, end = (None, None) if span is None else (span.begin - A_DAY, span.end + A_DAY)
    rows = await reader.fetch(LIST, begin, end, *list_parameters(view or View(), "program"), timeout=QUERY_S)
    return [read_row(row) for row in rows]


async def find_annotation(reader: Reader, number: int) -> Annotation | None:
    """Find an annotation by its number. Raises asyncpg's errors."""
    row = await reader.fetchrow(FIND, number, timeout=QUERY_S)
    return None if row is None else read_row(row)


def read_row(row: Any) -> Annotation:
    return Annotation(when=row["at"] or row["day"], **{name: row[name] for name in NAMES})


async def add_annotation(connection: Any, new: NewAnnotation, actor: Actor, now: datetime) -> int:
    """Add an annotation; give its number. Raises asyncpg's errors."""
    async with connection.transaction():
        at = new.when if isinstance(new.when, datetime) else None
        values = (None if at else new.when, at, new.program_id, new.text, actor.name[:200], now)
        number: int = await connection.fetchval(ADD, *values)
        entry = AuditEntry(now, actor, "annotation.add", f"annotation {number}", after=new.describe())
        await write_audit(connection, entry)
    return number


async def remove_annotation(connection: Any, number: int, actor: Actor, now: datetime) -> bool:
    """Remove an annotation; tell whether there was one. Raises asyncpg's errors."""
    async with connection.transaction():
        row = await connection.fetchrow(REMOVE, number)
        if row is None:
            return False
        when, program_id, text = row["at"] or row["day"], row["program_id"], row["text"]
        before = NewAnnotation(when=when, program_id=program_id, text=text).describe()
        await write_audit(connection, AuditEntry(now, actor, "annotation.remove", f"annotation {number}", before))
    return True
