"""Finds programs, affiliates and codes by what people type, sorted and in pages: 10,000 rows within milliseconds."""

from typing import Any, Final, Literal, TypeAlias

import asyncpg
import msgspec

from referrals.model import Kind, Status
from runtime.like import escape_like

Sort: TypeAlias = Literal["id", "name", "status", "affiliate", "program", "created", "codes"]

NAMED: Final = "r.id, r.name, r.status, r.created_at, r.version, ''::text AS affiliate_id, ''::text AS program_id"
COLUMNS: Final[dict[Kind, str]] = {
    "program": NAMED,
    "affiliate": NAMED,
    "code": "r.code AS id, ''::text AS name, r.status, r.created_at, r.version, r.affiliate_id, r.program_id",
}
# The codes are counted for the rows of the page only, unless they make the order: then once for all rows.
CODES: Final[dict[Kind, str]] = {
    "program": "(SELECT count(*) FROM referral_codes c WHERE c.program_id = page.id AND c.status <> 'archived')",
    "affiliate": "(SELECT count(*) FROM referral_codes c WHERE c.affiliate_id = page.id AND c.status <> 'archived')",
    "code": "1::bigint",
}
COUNTED: Final = """
    LEFT JOIN (
        SELECT {kind}_id AS id, count(*) AS codes FROM referral_codes WHERE status <> 'archived' GROUP BY {kind}_id
    ) AS counted ON counted.id = r.id
"""
FROM: Final[dict[Kind, str]] = {
    "program": "programs r",
    "affiliate": "affiliates r",
    "code": "referral_codes r JOIN affiliates a ON a.id = r.affiliate_id JOIN programs p ON p.id = r.program_id",
}
SEARCHED: Final[dict[Kind, str]] = {
    "program": "r.id || ' ' || r.name",
    "affiliate": "r.id || ' ' || r.name",
    "code": "r.code || ' ' || r.affiliate_id || ' ' || a.name || ' ' || r.program_id || ' ' || p.name",
}
OWN_ID: Final[dict[Kind, str]] = {"program": "r.id", "affiliate": "r.id", "code": "r.code"}
ORDERS: Final[dict[Sort, str]] = {
    "id": "id",
    "name": "lower(name)",
    "status": "status",
    "affiliate": "affiliate_id",
    "program": "program_id",
    "created": "created_at",
    "codes": "codes",
}
OWNERS_ACTIVE: Final = "a.status <> 'archived' AND p.status <> 'archived'"
NOTED: Final = "EXISTS (SELECT FROM referral_notes n WHERE n.kind = '{kind}' AND n.id = {id} AND n.note ILIKE {text})"
SEARCH_S: Final = 5.0


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows: that contain each word of `text` in an id, a name or the note; with a status, or all not archived.

    The rows with the ids `first` come before all others.
    """

    text: str = ""
    status: Status | None = None
    affiliate_id: str = ""
    program_id: str = ""
    first: tuple[str, ...] = ()
    sort: Sort = "id"
    is_descending: bool = False
    limit: int = 50
    offset: int = 0


class Row(msgspec.Struct, frozen=True):
    """A row of a list. A code has an affiliate and a program; the others have `codes` that are not archived."""

    id: str
    name: str
    status: Status
    created_at: Any
    version: int
    affiliate_id: str
    program_id: str
    codes: int


class Rows(msgspec.Struct, frozen=True):
    """A page, and how many rows there are in all."""

    rows: list[Row]
    number: int


async def search(connection: asyncpg.Connection, kind: Kind, wanted: Wanted) -> Rows:
    """Find rows. Raises asyncpg's errors, DataError among them for a text that PostgreSQL cannot hold."""
    values: list[object] = []
    where, order = write_where(kind, wanted, values), write_order(kind, wanted)
    if wanted.first:
        values.append(list(wanted.first))
        order = f"id <> ALL (${len(values)}), {order}"
    values += [wanted.limit, wanted.offset]
    is_counted = wanted.sort == "codes" and kind != "code"
    columns = f"{COLUMNS[kind]}, coalesce(counted.codes, 0) AS codes" if is_counted else COLUMNS[kind]
    tables = FROM[kind] + (COUNTED.format(kind=kind) if is_counted else "")
    statement = f"""
        SELECT page.*{"" if is_counted else f", {CODES[kind]} AS codes"} FROM (
            SELECT *, count(*) OVER () AS number FROM (SELECT {columns} FROM {tables} WHERE {where}) AS found
            ORDER BY {order} LIMIT ${len(values) - 1} OFFSET ${len(values)}
        ) AS page ORDER BY {order}
    """  # noqa: S608 - fixed texts
    records = await connection.fetch(statement, *values, timeout=SEARCH_S)
    if not records and wanted.offset:
        return Rows([], await count(connection, kind, wanted))
    rows = [Row(**{name: record[name] for name in Row.__struct_fields__}) for record in records]
    return Rows(rows, records[0]["number"] if records else 0)


def write_order(kind: Kind, wanted: Wanted) -> str:
    """Write the order; equal rows are in the order of their ids."""
    sort = "id" if kind == "code" and wanted.sort == "codes" else wanted.sort
    return f"{ORDERS[sort]} {'DESC' if wanted.is_descending else 'ASC'}, id"


async def count(connection: asyncpg.Connection, kind: Kind, wanted: Wanted) -> int:
    values: list[object] = []
    where = write_where(kind, wanted, values)
    found: int = await connection.fetchval(f"SELECT count(*) FROM {FROM[kind]} WHERE {where}", *values)  # noqa: S608 - fixed texts
    return found


async def list_ids(connection: asyncpg.Connection, kind: Kind, wanted: Wanted, most: int) -> list[str]:
    """Return the ids of all rows, at most `most`."""
    values: list[object] = []
    where = write_where(kind, wanted, values)
    values.append(most)
    statement = f"SELECT {OWN_ID[kind]} FROM {FROM[kind]} WHERE {where} ORDER BY 1 LIMIT ${len(values)}"  # noqa: S608 - fixed texts
    return [record[0] for record in await connection.fetch(statement, *values, timeout=SEARCH_S)]


def write_where(kind: Kind, wanted: Wanted, values: list[object]) -> str:
    """Write the conditions, whose values are added to `values`."""

    def bind(value: object) -> str:
        values.append(value)
        return f"${len(values)}"

    if wanted.status is not None:
        conditions = [f"r.status = {bind(wanted.status)}"]
    else:
        conditions = ["r.status <> 'archived'", *([OWNERS_ACTIVE] if kind == "code" else [])]
    for word in wanted.text.split():
        text = bind(f"%{escape_like(word)}%")
        noted = NOTED.format(kind=kind, id=OWN_ID[kind], text=text)
        conditions.append(f"({SEARCHED[kind]} ILIKE {text} OR {noted})")
    if kind == "code":
        owners = (("affiliate_id", wanted.affiliate_id), ("program_id", wanted.program_id))
        conditions += [f"r.{name} = {bind(value)}" for name, value in owners if value]
    return " AND ".join(conditions)
