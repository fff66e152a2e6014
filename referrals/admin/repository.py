"""Adds, lists and changes programs, affiliates and codes. Nothing is ever deleted, only archived.

A change is in force in every process within a second. Every function raises what asyncpg raises when Postgres does not
answer.
"""

from collections.abc import Mapping
from typing import Final

import asyncpg
import msgspec

from referrals.admin.similar_codes import FOLDED, FOLDED_INTO, choose_similar, split_folded
from referrals.admin.validation import REJECTIONS, ValidationProblem, explain_violation
from referrals.lookup.answers import UNAVAILABLE, UNKNOWN_IN_POSTGRES, Answer
from referrals.lookup.lookup import join_rows
from referrals.lookup.postgres_source import read_codes
from referrals.model import TYPES, Kind, Referral, ReferralCode, Status
from referrals.row_codec import DECODERS
from referrals.tables import KEYS, TABLES
from urls.codes import is_code
from urls.hosts import to_stored_host
from urls.targets import TargetProblem, check_new_target

COLUMNS: Final = {kind: [name for name in TYPES[kind].__struct_fields__ if name != "version"] for kind in TYPES}
TARGETS: Final = ("target_url", "fallback_url")
FIND_ARCHIVED_OWNER: Final = """
    SELECT 'program', id FROM programs WHERE id = $1 AND status = 'archived'
    UNION ALL SELECT 'affiliate', id FROM affiliates WHERE id = $2 AND status = 'archived' LIMIT 1
"""
QUERY_TIMEOUT_S: Final = 10.0
MAX_SIMILAR_READ: Final = 20_000
FIND_SIMILAR: Final = f"""
    SELECT code FROM referral_codes, translate(lower(code), '{FOLDED}', '{FOLDED_INTO}') AS folded
    WHERE status <> 'archived' AND abs(length(code) - length($4)) <= 8
    AND (left(folded, length($1)) = $1 OR strpos(folded, $2) > 0 OR right(folded, length($3)) = $3)
    ORDER BY folded <> $4 LIMIT $5
"""  # noqa: S608 - only letters from our constants


ARCHIVED: Final[Status] = "archived"
VISIBLE: Final[dict[Kind, str]] = {
    "program": "r.status <> 'archived'",
    "affiliate": "r.status <> 'archived'",
    "code": """r.status <> 'archived'
        AND NOT EXISTS (SELECT FROM affiliates a WHERE a.id = r.affiliate_id AND a.status = 'archived')
        AND NOT EXISTS (SELECT FROM programs p WHERE p.id = r.program_id AND p.status = 'archived')""",
}
"""Conditions of a list's rows: not archived, and for codes neither is their affiliate or program."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows to list: with a status, codes of an affiliate or a program, with ids after `after`.

    Archived rows are left out unless `archived` is true or `status` is "archived".
    """

    status: Status | None = None
    affiliate_id: str | None = None
    program_id: str | None = None
    after: str = ""
    limit: int = 100
    archived: bool = False


class Page(msgspec.Struct, frozen=True):
    """A part of a list, and whether there are more rows after it."""

    values: list[Referral]
    has_more: bool


async def add(connection: asyncpg.Connection, value: Referral) -> Referral | ValidationProblem:
    """Store a new program, affiliate or code; return it as stored, with its version."""
    refused = await check_owners(connection, value) if isinstance(value, ReferralCode) else None
    if refused:
        return refused
    columns = COLUMNS[value.kind]
    places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    statement = (
        f"INSERT INTO {TABLES[value.kind]} AS r ({', '.join(columns)}) VALUES ({places}) RETURNING to_json(r)::text"  # noqa: S608 - names of ours
    )
    fields = msgspec.structs.asdict(value)
    return await write(connection, value.kind, statement, {name: fields[name] for name in columns})


async def check_owners(connection: asyncpg.Connection, new: ReferralCode) -> ValidationProblem | None:
    """Refuse a new code whose affiliate or program is archived: it would count no clicks."""
    gone = await connection.fetchrow(FIND_ARCHIVED_OWNER, new.program_id, new.affiliate_id)
    if gone is None:
        return None
    kind, id_ = gone
    return ValidationProblem(f"{kind} {id_!r} is archived; `clickrail {kind} resume {id_}` makes it active again")


async def change(
    connection: asyncpg.Connection, kind: Kind, id_: str, changes: Mapping[str, object]
) -> Referral | ValidationProblem:
    """Change fields of one program, affiliate or code; return it as stored."""
    changed = {name: changes[name] for name in COLUMNS[kind] if name in changes}
    settings = ", ".join(f"{name} = ${place}" for place, name in enumerate(changed, start=2))
    statement = f"UPDATE {TABLES[kind]} AS r SET {settings} WHERE {KEYS[kind]} = $1 RETURNING to_json(r)::text"  # noqa: S608 - names of ours
    return await write(connection, kind, statement, {KEYS[kind]: id_, **changed})


async def find(connection: asyncpg.Connection, kind: Kind, id_: str) -> Referral | ValidationProblem:
    statement = f"SELECT to_json(r)::text FROM {TABLES[kind]} r WHERE {KEYS[kind]} = $1"  # noqa: S608 - names of ours
    return await write(connection, kind, statement, {KEYS[kind]: id_})


async def list_page(connection: asyncpg.Connection, kind: Kind, wanted: Filter) -> Page:
    """List programs, affiliates or codes in the order of their ids."""
    key = KEYS[kind]
    shown = "true" if wanted.archived or wanted.status == ARCHIVED else VISIBLE[kind]
    fields = {"status": wanted.status, "affiliate_id": wanted.affiliate_id, "program_id": wanted.program_id}
    conditions = {name: value for name, value in fields.items() if value is not None and name in COLUMNS[kind]}
    where = "".join(f" AND {name} = ${place}" for place, name in enumerate(conditions, start=3))
    records = await connection.fetch(
        f"SELECT to_json(r)::text FROM {TABLES[kind]} r WHERE {key} > $1 AND {shown}{where} ORDER BY {key} LIMIT $2",  # noqa: S608 - names of ours
        wanted.after,
        wanted.limit + 1,
        *conditions.values(),
    )
    values = [DECODERS[kind].decode(record[0]) for record in records]
    return Page(values[: wanted.limit], len(values) > wanted.limit)


async def find_same_name(connection: asyncpg.Connection, kind: Kind, name: str, except_id: str = "") -> list[str]:
    """Find the ids of programs or affiliates with the same name, in any case and without spaces around it."""
    records = await connection.fetch(
        f"SELECT id FROM {TABLES[kind]} WHERE lower(btrim(name)) = lower(btrim($1)) AND id <> $2 ORDER BY id LIMIT 5",  # noqa: S608 - names of ours
        name,
        except_id,
    )
    return [record["id"] for record in records]


async def count_codes(connection: asyncpg.Connection, kind: Kind, id_: str) -> int:
    """Count the codes of a program or affiliate that are not archived. For a code: 1, or 0 if it is archived."""
    column = {"program": "program_id", "affiliate": "affiliate_id", "code": "code"}[kind]
    statement = f"SELECT count(*) FROM referral_codes WHERE {column} = $1 AND status <> 'archived'"  # noqa: S608 - names of ours
    return int(await connection.fetchval(statement, id_))


async def find_similar(connection: asyncpg.Connection, asked: str) -> list[str]:
    """Find codes that are similar to an unknown one, the most similar first."""
    parts = split_folded(asked)
    if parts is None:
        return []
    records = await connection.fetch(FIND_SIMILAR, *parts, MAX_SIMILAR_READ, timeout=QUERY_TIMEOUT_S)
    return choose_similar(asked, [record["code"] for record in records])


async def look_up(connection: asyncpg.Connection, code: str) -> Answer:
    """Answer as the lookup of ingest would if it had to ask Postgres."""
    if not is_code(code):
        return UNKNOWN_IN_POSTGRES
    reading = await read_codes(connection, [code], QUERY_TIMEOUT_S)
    return UNKNOWN_IN_POSTGRES if reading.absent else join_rows(reading.rows).get(code, UNAVAILABLE)


async def write(
    connection: asyncpg.Connection, kind: Kind, statement: str, fields: Mapping[str, object]
) -> Referral | ValidationProblem:
    problem = find_target_problem(fields)
    if problem:
        return problem
    try:
        text = await connection.fetchval(statement, *to_stored(fields).values())
    except REJECTIONS as error:
        return explain_violation(error)
    return (
        ValidationProblem(f"there is no {kind} {fields[KEYS[kind]]!r}") if text is None else DECODERS[kind].decode(text)
    )


def to_stored(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields as columns: host names in the form that browsers send (punycode), rules as JSON."""
    stored = dict(fields)
    if isinstance(rules := fields.get("quality_rules"), dict):
        stored["quality_rules"] = msgspec.json.encode(rules).decode()
    if isinstance(domain := fields.get("cookie_domain"), str):
        stored["cookie_domain"] = to_stored_host(domain)
    if isinstance(hosts := fields.get("deep_link_hosts"), list | tuple):
        stored["deep_link_hosts"] = [to_stored_host(host) if isinstance(host, str) else host for host in hosts]
    return stored


def find_target_problem(fields: Mapping[str, object]) -> ValidationProblem | None:
    for name in TARGETS:
        url = fields.get(name)
        checked = check_new_target(url) if isinstance(url, str) else None
        if isinstance(checked, TargetProblem):
            return ValidationProblem(f"{name}: {checked.reason}", name)
    return None
