"""Imports a file of referral codes: all of it, or nothing, with the list of wrong lines.

    code,affiliate_id,program_id,status,target_url,affiliate_name
    spring-ann,ann,shop,active,,Ann Smith

Programs must exist. An affiliate must exist too, unless a line has its name: then it is created. A code that exists is
an error, unless `update` is set: then the file's columns are changed, and the others are kept. All codes of a file get
the same version.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import asyncpg
import msgspec

from referrals.admin.csv_file import LineError
from referrals.admin.csv_rows import CodeFile, CodeRow, read_rows
from referrals.admin.validation import REJECTIONS, explain_violation

STATEMENT_TIMEOUT_S: Final = 300.0
# For this transaction alone: the session may have a shorter limit, and through a pooler it has no settings.
LIMIT_STATEMENTS: Final = f"SET LOCAL statement_timeout = {round(STATEMENT_TIMEOUT_S * 1000)}"

CREATE_INCOMING: Final = """
    CREATE TEMPORARY TABLE incoming_codes (
        line integer, code text COLLATE "C", affiliate_id text COLLATE "C", program_id text COLLATE "C",
        status text, target_url text, affiliate_name text
    ) ON COMMIT DROP
"""
# Values that were wrong in the file are null here; null equals nothing, so they are not reported twice.
FIND_ERRORS: Final = """
    SELECT line, format('there is no program %L', program_id) AS reason, 'program_id' AS field FROM incoming_codes i
        WHERE program_id IS NOT NULL AND NOT EXISTS (SELECT FROM programs p WHERE p.id = i.program_id)
    UNION ALL
    SELECT line, format('there is no affiliate %L, and no affiliate_name to make it with', affiliate_id),
            'affiliate_id'
        FROM incoming_codes i
        WHERE affiliate_id IS NOT NULL AND NOT EXISTS (SELECT FROM affiliates a WHERE a.id = i.affiliate_id)
        AND NOT EXISTS (SELECT FROM incoming_codes n WHERE n.affiliate_id = i.affiliate_id AND n.affiliate_name <> '')
    UNION ALL
    SELECT line, format('code %L exists already', code), 'code' FROM incoming_codes i
        WHERE NOT $1 AND EXISTS (SELECT FROM referral_codes c WHERE c.code = i.code)
    UNION ALL
    SELECT line, format('%s %L is archived', kind, id), kind || '_id' FROM incoming_codes i
        JOIN LATERAL (
            SELECT 'program' AS kind, id FROM programs WHERE id = i.program_id AND status = 'archived'
            UNION ALL
            SELECT 'affiliate', id FROM affiliates WHERE id = i.affiliate_id AND status = 'archived'
        ) gone ON true
        WHERE NOT EXISTS (
            SELECT FROM referral_codes c
            WHERE (c.code, c.affiliate_id, c.program_id) = (i.code, i.affiliate_id, i.program_id)
        )
    UNION ALL
    SELECT n.line,
            format('affiliate %L would have the name of %s', n.affiliate_id, string_agg(o.id, ', ' ORDER BY o.id)),
            'affiliate_name'
        FROM (
            SELECT DISTINCT ON (affiliate_id) line, affiliate_id, affiliate_name FROM incoming_codes i
            WHERE affiliate_name <> '' AND NOT EXISTS (
                SELECT FROM affiliates a WHERE a.id = i.affiliate_id
                AND (NOT $1 OR lower(btrim(a.name)) = lower(btrim(i.affiliate_name)))
            )
            ORDER BY affiliate_id, line
        ) n
        JOIN (
            SELECT id, lower(btrim(name)) AS name FROM affiliates
            UNION
            SELECT affiliate_id, lower(btrim(affiliate_name)) FROM incoming_codes i WHERE affiliate_name <> ''
                AND NOT EXISTS (SELECT FROM affiliates a WHERE a.id = i.affiliate_id)
        ) o ON o.name = lower(btrim(n.affiliate_name)) AND o.id <> n.affiliate_id
        WHERE NOT $2
        GROUP BY n.line, n.affiliate_id
"""
INSERT_AFFILIATES: Final = """
    INSERT INTO affiliates (id, name)
    SELECT DISTINCT ON (affiliate_id) affiliate_id, affiliate_name FROM incoming_codes i
    WHERE affiliate_name <> '' AND NOT EXISTS (SELECT FROM affiliates a WHERE a.id = i.affiliate_id)
    ORDER BY affiliate_id, line
"""
RENAME_AFFILIATES: Final = """
    UPDATE affiliates a SET name = n.affiliate_name
    FROM (SELECT DISTINCT affiliate_id, affiliate_name FROM incoming_codes WHERE affiliate_name <> '') n
    WHERE a.id = n.affiliate_id AND a.name <> n.affiliate_name
"""
UPDATE_CODES: Final = """
    UPDATE referral_codes c SET affiliate_id = n.affiliate_id, program_id = n.program_id, status = n.status,
        target_url = n.target_url
    FROM (
        SELECT i.code, i.affiliate_id, i.program_id, coalesce(i.status, o.status) AS status,
            CASE WHEN $1 THEN i.target_url ELSE o.target_url END AS target_url
        FROM incoming_codes i JOIN referral_codes o ON o.code = i.code
    ) n
    WHERE c.code = n.code AND (c.affiliate_id, c.program_id, c.status, c.target_url)
        IS DISTINCT FROM (n.affiliate_id, n.program_id, n.status, n.target_url)
"""
INSERT_CODES: Final = """
    INSERT INTO referral_codes (code, affiliate_id, program_id, status, target_url)
    SELECT code, affiliate_id, program_id, coalesce(status, 'active'), target_url FROM incoming_codes i
    WHERE NOT $1 OR NOT EXISTS (SELECT FROM referral_codes c WHERE c.code = i.code)
"""


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """`update`: change existing codes. `dry_run`: change nothing. `same_name`: affiliates may share a name.

    `columns`: what columns of other names are, as in `read_rows`.
    """

    update: bool = False
    dry_run: bool = False
    same_name: bool = False
    columns: Mapping[str, str] = {}


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What an import added and changed, or in a dry run would have."""

    codes: int
    affiliates: int = 0
    updated: int = 0
    unchanged: int = 0
    renamed: int = 0


class NotImported(msgspec.Struct, frozen=True):
    """All wrong lines, in order. Nothing was imported."""

    errors: list[LineError]


async def import_file(
    connection: asyncpg.Connection,
    data: bytes,
    choices: Choices = Choices(),  # noqa: B008 - frozen
) -> Imported | NotImported:
    """Import a CSV file. Raises what asyncpg raises when Postgres does not answer; then nothing is imported."""
    # In a thread: a large file takes seconds to read.
    return await import_codes(connection, await asyncio.to_thread(read_rows, data, choices.columns), choices)


async def import_codes(connection: asyncpg.Connection, file: CodeFile, choices: Choices) -> Imported | NotImported:
    """Import a file that was read with the columns of the choices. Raises as `import_file`."""
    if not file.rows:
        return NotImported(file.errors)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await send_rows(connection, file.rows)
        errors = sorted([*file.errors, *await find_errors(connection, choices)])
        imported = NotImported(errors) if errors else await import_rows(connection, file, choices)
    except REJECTIONS as error:
        # Somebody added the same code or affiliate since the check.
        imported = NotImported([LineError(1, explain_violation(error).reason)])
    # If the connection is lost here, Postgres rolls the transaction back.
    if isinstance(imported, NotImported) or choices.dry_run:
        await transaction.rollback()
    else:
        await transaction.commit()
    return imported


async def send_rows(connection: asyncpg.Connection, rows: list[CodeRow]) -> None:
    await connection.execute(LIMIT_STATEMENTS)
    await connection.execute(CREATE_INCOMING)
    # A list, not a generator: an exception in a generator during COPY would leave the connection waiting.
    await connection.copy_records_to_table(
        "incoming_codes", records=rows, columns=CodeRow._fields, timeout=STATEMENT_TIMEOUT_S
    )
    await connection.execute("ANALYZE incoming_codes", timeout=STATEMENT_TIMEOUT_S)


async def find_errors(connection: asyncpg.Connection, choices: Choices) -> list[LineError]:
    records = await connection.fetch(FIND_ERRORS, choices.update, choices.same_name, timeout=STATEMENT_TIMEOUT_S)
    return [LineError(record["line"], record["reason"], record["field"]) for record in records]


async def import_rows(connection: asyncpg.Connection, file: CodeFile, choices: Choices) -> Imported:
    async def change(statement: str, *values: object) -> int:
        return count(await connection.execute(statement, *values, timeout=STATEMENT_TIMEOUT_S))

    affiliates = await change(INSERT_AFFILIATES)
    renamed = await change(RENAME_AFFILIATES) if choices.update else 0
    updated = await change(UPDATE_CODES, "target_url" in file.columns) if choices.update else 0
    codes = await change(INSERT_CODES, choices.update)
    return Imported(
        codes=codes,
        affiliates=affiliates,
        updated=updated,
        unchanged=len(file.rows) - codes - updated,
        renamed=renamed,
    )


def count(tag: str) -> int:
    """Read the number of rows from the tag of a statement, as in `INSERT 0 12`."""
    return int(tag.rpartition(" ")[2])
