"""Adding, listing and changing programs, affiliates and codes. Nothing is deleted: what should end is archived.

A change is in force in every process within a second, by whoever it is made. Every function raises what asyncpg
raises when Postgres does not answer.
"""

from collections.abc import Mapping
from typing import Final

import asyncpg
import msgspec

from referrals.admin.similar_codes import FOLDED, FOLDED_INTO, choose_similar, split_folded
from referrals.admin.validation import REFUSING, ValidationProblem, explain_violation
from referrals.lookup.answers import UNAVAILABLE, UNKNOWN_IN_POSTGRES, Answer
from referrals.lookup.lookup import join
from referrals.lookup.postgres_source import read_codes
from referrals.model import TYPES, Kind, Referral, ReferralCode, Status
from referrals.row_codec import DECODERS
from referrals.tables import KEYS, TABLES
from urls.codes import is_code
from urls.hosts import to_stored_host
from urls.targets import TargetProblem, check_new_target

COLUMNS: Final = {kind: [name for name in TYPES[kind].__struct_fields__ if name != "version"] for kind in TYPES}
TARGETS: Final = ("target_url", "fallback_url")
FIND_ARCHIVED: Final = """
    SELECT 'program', id FROM programs WHERE id = $1 AND status = 'archived'
    UNION ALL SELECT 'affiliate', id FROM affiliates WHERE id = $2 AND status = 'archived' LIMIT 1
"""
CHECK_S: Final = 10.0
MOST_SIMILAR_READ: Final = 20_000
FIND_SIMILAR: Final = f"""
    SELECT code FROM referral_codes, translate(lower(code), '{FOLDED}', '{FOLDED_INTO}') AS folded
    WHERE status <> 'archived' AND abs(length(code) - length($4)) <= 8
    AND (left(folded, length($1)) = $1 OR strpos(folded, $2) > 0 OR right(folded, length($3)) = $3)
    ORDER BY folded <> $4 LIMIT $5
"""  # noqa: S608 - letters of ours


ARCHIVED: Final[Status] = "archived"
NOT_HIDDEN: Final[dict[Kind, str]] = {
    "program": "r.status <> 'archived'",
    "affiliate": "r.status <> 'archived'",
    "code": """r.status <> 'archived'
        AND NOT EXISTS (SELECT FROM affiliates a WHERE a.id = r.affiliate_id AND a.status = 'archived')
        AND NOT EXISTS (SELECT FROM programs p WHERE p.id = r.program_id AND p.status = 'archived')""",
}
"""What a list leaves out: what is archived, and codes that count nothing because what they belong to is."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which ones to list: of a status, and codes of an affiliate or a program; `after` goes on behind an id.

    What is archived is left out unless `archived` is set, or `status` asks for it.
    """

    status: Status | None = None
    affiliate_id: str | None = None
    program_id: str | None = None
    after: str = ""
    most: int = 100
    archived: bool = False


class Page(msgspec.Struct, frozen=True):
    """Some of a list, and whether there are more behind the last one."""

    values: list[Referral]
    more: bool


async def add(connection: asyncpg.Connection, value: Referral) -> Referral | ValidationProblem:
    """Store a new program, affiliate or code; give it as stored, with its version."""
    refused = await refuse_archived(connection, value) if isinstance(value, ReferralCode) else None
    if refused:
        return refused
    columns = COLUMNS[value.kind]
    places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    statement = (
        f"INSERT INTO {TABLES[value.kind]} AS r ({', '.join(columns)}) VALUES ({places}) RETURNING to_json(r)::text"  # noqa: S608 - names of ours
    )
    fields = msgspec.structs.asdict(value)
    return await write(connection, value.kind, statement, {name: fields[name] for name in columns})


async def refuse_archived(connection: asyncpg.Connection, new: ReferralCode) -> ValidationProblem | None:
    """Refuse a code that would count nothing, as what it belongs to is over."""
    gone = await connection.fetchrow(FIND_ARCHIVED, new.program_id, new.affiliate_id)
    if gone is None:
        return None
    kind, id_ = gone
    return ValidationProblem(f"{kind} {id_!r} is archived: `clickrail {kind} resume {id_}` takes it back")


async def change(
    connection: asyncpg.Connection, kind: Kind, id_: str, changes: Mapping[str, object]
) -> Referral | ValidationProblem:
    """Change fields of one program, affiliate or code; give it as it is now."""
    changed = {name: changes[name] for name in COLUMNS[kind] if name in changes}
    settings = ", ".join(f"{name} = ${place}" for place, name in enumerate(changed, start=2))
    statement = f"UPDATE {TABLES[kind]} AS r SET {settings} WHERE {KEYS[kind]} = $1 RETURNING to_json(r)::text"  # noqa: S608 - names of ours
    return await write(connection, kind, statement, {KEYS[kind]: id_, **changed})


async def find(connection: asyncpg.Connection, kind: Kind, id_: str) -> Referral | ValidationProblem:
    statement = f"SELECT to_json(r)::text FROM {TABLES[kind]} r WHERE {KEYS[kind]} = $1"  # noqa: S608 - names of ours
    return await write(connection, kind, statement, {KEYS[kind]: id_})


async def list_some(connection: asyncpg.Connection, kind: Kind, wanted: Filter) -> Page:
    """List programs, affiliates or codes in the order of their ids."""
    key = KEYS[kind]
    shown = "true" if wanted.archived or wanted.status == ARCHIVED else NOT_HIDDEN[kind]
    fields = {"status": wanted.status, "affiliate_id": wanted.affiliate_id, "program_id": wanted.program_id}
    conditions = {name: value for name, value in fields.items() if value is not None and name in COLUMNS[kind]}
    where = "".join(f" AND {name} = ${place}" for place, name in enumerate(conditions, start=3))
    records = await connection.fetch(
        f"SELECT to_json(r)::text FROM {TABLES[kind]} r WHERE {key} > $1 AND {shown}{where} ORDER BY {key} LIMIT $2",  # noqa: S608 - names of ours
        wanted.after,
        wanted.most + 1,
        *conditions.values(),
    )
    values = [DECODERS[kind].decode(record[0]) for record in records]
    return Page(values[: wanted.most], len(values) > wanted.most)


async def find_namesakes(connection: asyncpg.Connection, kind: Kind, name: str, besides: str = "") -> list[str]:
    """Find the ids of programs, or of affiliates, that people would take for the one of this name."""
    records = await connection.fetch(
        f"SELECT id FROM {TABLES[kind]} WHERE lower(btrim(name)) = lower(btrim($1)) AND id <> $2 ORDER BY id LIMIT 5",  # noqa: S608 - names of ours
        name,
        besides,
    )
    return [record["id"] for record in records]


async def count_codes(connection: asyncpg.Connection, kind: Kind, id_: str) -> int:
    """Count the codes of a program or an affiliate that are not archived; of a code itself."""
    column = {"program": "program_id", "affiliate": "affiliate_id", "code": "code"}[kind]
    statement = f"SELECT count(*) FROM referral_codes WHERE {column} = $1 AND status <> 'archived'"  # noqa: S608 - names of ours
    return int(await connection.fetchval(statement, id_))


async def find_similar(connection: asyncpg.Connection, asked: str) -> list[str]:
    """Find the codes that somebody may have meant who asked for one that there is not, the likeliest first."""
    parts = split_folded(asked)
    if parts is None:
        return []
    records = await connection.fetch(FIND_SIMILAR, *parts, MOST_SIMILAR_READ, timeout=CHECK_S)
    return choose_similar(asked, [record["code"] for record in records])


async def check(connection: asyncpg.Connection, code: str) -> Answer:
    """Answer as a lookup would that has to ask Postgres."""
    if not is_code(code):
        return UNKNOWN_IN_POSTGRES
    reading = await read_codes(connection, [code], CHECK_S)
    return UNKNOWN_IN_POSTGRES if reading.absent else join(reading.rows).get(code, UNAVAILABLE)


async def write(
    connection: asyncpg.Connection, kind: Kind, statement: str, fields: Mapping[str, object]
) -> Referral | ValidationProblem:
    problem = find_target_problem(fields)
    if problem:
        return ValidationProblem(problem)
    try:
        text = await connection.fetchval(statement, *store_hosts(fields).values())
    except REFUSING as error:
        return explain_violation(error)
    return (
        ValidationProblem(f"there is no {kind} {fields[KEYS[kind]]!r}") if text is None else DECODERS[kind].decode(text)
    )


def store_hosts(fields: Mapping[str, object]) -> dict[str, object]:
    """Give the fields with their hosts as browsers ask for them: `to_stored_host`."""
    stored = dict(fields)
    if isinstance(domain := fields.get("cookie_domain"), str):
        stored["cookie_domain"] = to_stored_host(domain)
    if isinstance(hosts := fields.get("deep_link_hosts"), list | tuple):
        stored["deep_link_hosts"] = [to_stored_host(host) if isinstance(host, str) else host for host in hosts]
    return stored


def find_target_problem(fields: Mapping[str, object]) -> str | None:
    for name in TARGETS:
        url = fields.get(name)
        checked = check_new_target(url) if isinstance(url, str) else None
        if isinstance(checked, TargetProblem):
            return f"{name}: {checked.reason}"
    return None
