"""Adding, listing and changing programs, affiliates and codes. Nothing is deleted: what should end is paused.

A change is in force in every process within a second, by whoever it is made. Every function raises what asyncpg
raises when Postgres does not answer.
"""

from collections.abc import Mapping
from typing import Final

import asyncpg
import msgspec

from referrals.answers import UNAVAILABLE, UNKNOWN_IN_POSTGRES, Answer
from referrals.lookup import join
from referrals.model import TYPES, Kind, Referral, Status
from referrals.postgres_layer import read_codes
from referrals.refusal import REFUSING, Refused, explain_refusal
from referrals.saved import DECODERS
from urls.codes import is_code
from urls.targets import TargetProblem, check_new_target

TABLES: Final[dict[Kind, str]] = {"program": "programs", "affiliate": "affiliates", "code": "referral_codes"}
KEYS: Final[dict[Kind, str]] = {"program": "id", "affiliate": "id", "code": "code"}
COLUMNS: Final = {kind: [name for name in TYPES[kind].__struct_fields__ if name != "version"] for kind in TYPES}
TARGETS: Final = ("target_url", "fallback_url")
CHECK_S: Final = 10.0


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which ones to list: of a status, and codes of an affiliate or a program; `after` goes on behind an id."""

    status: Status | None = None
    affiliate_id: str | None = None
    program_id: str | None = None
    after: str = ""
    most: int = 100


async def add(connection: asyncpg.Connection, value: Referral) -> Referral | Refused:
    """Store a new program, affiliate or code; give it as stored, with its version."""
    columns = COLUMNS[value.kind]
    places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    statement = (
        f"INSERT INTO {TABLES[value.kind]} AS r ({', '.join(columns)}) VALUES ({places}) RETURNING to_json(r)::text"  # noqa: S608 - names of ours
    )
    fields = msgspec.structs.asdict(value)
    return await write(connection, value.kind, statement, {name: fields[name] for name in columns})


async def change(
    connection: asyncpg.Connection, kind: Kind, id_: str, changes: Mapping[str, object]
) -> Referral | Refused:
    """Change fields of one program, affiliate or code; give it as it is now."""
    changed = {name: changes[name] for name in COLUMNS[kind] if name in changes}
    settings = ", ".join(f"{name} = ${place}" for place, name in enumerate(changed, start=2))
    statement = f"UPDATE {TABLES[kind]} AS r SET {settings} WHERE {KEYS[kind]} = $1 RETURNING to_json(r)::text"  # noqa: S608 - names of ours
    return await write(connection, kind, statement, {KEYS[kind]: id_, **changed})


async def find(connection: asyncpg.Connection, kind: Kind, id_: str) -> Referral | Refused:
    statement = f"SELECT to_json(r)::text FROM {TABLES[kind]} r WHERE {KEYS[kind]} = $1"  # noqa: S608 - names of ours
    return await write(connection, kind, statement, {KEYS[kind]: id_})


async def list_some(connection: asyncpg.Connection, kind: Kind, wanted: Filter) -> list[Referral]:
    """List programs, affiliates or codes in the order of their ids."""
    key = KEYS[kind]
    fields = {"status": wanted.status, "affiliate_id": wanted.affiliate_id, "program_id": wanted.program_id}
    conditions = {name: value for name, value in fields.items() if value is not None and name in COLUMNS[kind]}
    where = "".join(f" AND {name} = ${place}" for place, name in enumerate(conditions, start=3))
    records = await connection.fetch(
        f"SELECT to_json(r)::text FROM {TABLES[kind]} r WHERE {key} > $1{where} ORDER BY {key} LIMIT $2",  # noqa: S608 - names of ours
        wanted.after,
        wanted.most,
        *conditions.values(),
    )
    return [DECODERS[kind].decode(record[0]) for record in records]


async def check(connection: asyncpg.Connection, code: str) -> Answer:
    """Answer as a lookup would that has to ask Postgres."""
    if not is_code(code):
        return UNKNOWN_IN_POSTGRES
    reading = await read_codes(connection, [code], CHECK_S)
    return UNKNOWN_IN_POSTGRES if reading.absent else join(reading.rows).get(code, UNAVAILABLE)


async def write(
    connection: asyncpg.Connection, kind: Kind, statement: str, fields: Mapping[str, object]
) -> Referral | Refused:
    problem = find_target_problem(fields)
    if problem:
        return Refused(problem)
    try:
        text = await connection.fetchval(statement, *fields.values())
    except REFUSING as error:
        return explain_refusal(error)
    return Refused(f"there is no {kind} {fields[KEYS[kind]]!r}") if text is None else DECODERS[kind].decode(text)


def find_target_problem(fields: Mapping[str, object]) -> str | None:
    for name in TARGETS:
        url = fields.get(name)
        checked = check_new_target(url) if isinstance(url, str) else None
        if isinstance(checked, TargetProblem):
            return f"{name}: {checked.reason}"
    return None
