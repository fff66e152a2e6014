"""Imports a file of referral codes: all of it, or nothing and the lines that are wrong.

    code,affiliate_id,program_id,status,target_url,affiliate_name
    spring-ann,ann,shop,active,,Ann Smith

Programs must exist. An affiliate must exist too, unless a line gives its name: then it is made. A code that exists
is an error: an import adds, and changes nothing. The whole file takes one version for its codes.
"""

from collections.abc import Sequence
from typing import Final

import asyncpg
import msgspec

from referrals.csv_rows import CodeRow, LineError, read_rows
from referrals.refusal import REFUSING, explain_refusal

STATEMENT_TIMEOUT_S: Final = 300.0

CREATE_INCOMING: Final = """
    CREATE TEMPORARY TABLE incoming_codes (
        line integer, code text COLLATE "C", affiliate_id text COLLATE "C", program_id text COLLATE "C",
        status text, target_url text, affiliate_name text
    ) ON COMMIT DROP
"""
FIND_ERRORS: Final = """
    SELECT line, format('there is no program %L', program_id) AS reason FROM incoming_codes i
        WHERE NOT EXISTS (SELECT FROM programs p WHERE p.id = i.program_id)
    UNION ALL
    SELECT line, format('there is no affiliate %L, and no affiliate_name to make it with', affiliate_id)
        FROM incoming_codes i
        WHERE NOT EXISTS (SELECT FROM affiliates a WHERE a.id = i.affiliate_id)
        AND NOT EXISTS (SELECT FROM incoming_codes n WHERE n.affiliate_id = i.affiliate_id AND n.affiliate_name <> '')
    UNION ALL
    SELECT line, format('code %L exists already', code) FROM incoming_codes i
        WHERE EXISTS (SELECT FROM referral_codes c WHERE c.code = i.code)
    ORDER BY line, reason
"""
INSERT_AFFILIATES: Final = """
    INSERT INTO affiliates (id, name)
    SELECT DISTINCT ON (affiliate_id) affiliate_id, affiliate_name FROM incoming_codes i
    WHERE affiliate_name <> '' AND NOT EXISTS (SELECT FROM affiliates a WHERE a.id = i.affiliate_id)
    ORDER BY affiliate_id, line
"""
INSERT_CODES: Final = """
    INSERT INTO referral_codes (code, affiliate_id, program_id, status, target_url)
    SELECT code, affiliate_id, program_id, status, target_url FROM incoming_codes
"""


class Imported(msgspec.Struct, frozen=True):
    """What an import added."""

    codes: int
    affiliates: int


class NotImported(msgspec.Struct, frozen=True):
    """Every line that is wrong, in order. Nothing was added."""

    errors: list[LineError]


async def import_file(connection: asyncpg.Connection, data: bytes) -> Imported | NotImported:
    """Import a CSV file. Raises what asyncpg raises when Postgres does not answer: then nothing was added either."""
    rows = read_rows(data)
    errors = [row for row in rows if isinstance(row, LineError)]
    if errors:
        return NotImported(errors)
    try:
        return await import_rows(connection, [row for row in rows if isinstance(row, CodeRow)])
    except REFUSING as error:
        # Somebody added the same in the meantime.
        return NotImported([LineError(1, explain_refusal(error).reason)])


async def import_rows(connection: asyncpg.Connection, rows: Sequence[CodeRow]) -> Imported | NotImported:
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(CREATE_INCOMING)
        # A list, never a generator: what fails while COPY is fed leaves the connection waiting.
        await connection.copy_records_to_table(
            "incoming_codes", records=list(rows), columns=CodeRow._fields, timeout=STATEMENT_TIMEOUT_S
        )
        await connection.execute("ANALYZE incoming_codes")
        records = await connection.fetch(FIND_ERRORS, timeout=STATEMENT_TIMEOUT_S)
        if records:
            await transaction.rollback()
            return NotImported([LineError(record["line"], record["reason"]) for record in records])
        affiliates = await connection.execute(INSERT_AFFILIATES, timeout=STATEMENT_TIMEOUT_S)
        codes = await connection.execute(INSERT_CODES, timeout=STATEMENT_TIMEOUT_S)
    except REFUSING:
        await transaction.rollback()
        raise
    await transaction.commit()
    return Imported(codes=count(codes), affiliates=count(affiliates))


def count(tag: str) -> int:
    """Read the number of rows from what Postgres says of a statement: `INSERT 0 12`."""
    return int(tag.rpartition(" ")[2])
