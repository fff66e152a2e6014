"""Makes what analysts use: views, the role that may read them, and comments. Changes only what differs."""

from collections.abc import Mapping
from typing import Final

import asyncpg

from runtime.comments import TableComments, apply_comments, quote_text
from runtime.postgres import transaction
from schemas.reference import FieldMeaning
from storage.analysts.role import prepare_role
from storage.analysts.table_reference import TABLES
from storage.analysts.views import MARK, VIEWS, View, write_comment

LOCK_TIMEOUT_MS: Final = 5_000
LOCK: Final = (
    "SET LOCAL lock_timeout = '60s';"
    "SELECT pg_advisory_xact_lock(hashtextextended('clickrail views in ' || current_schema(), 0))"
)
READ: Final = """
    SELECT obj_description(oid, 'pg_class') FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relname = $1
"""
HAS_REFERRALS: Final = """
    SELECT count(*) = 2 FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relname IN ('programs', 'affiliates')
"""
NOT_OURS: Final = "{0} was not made by Clickrail and is left as it is: rename it, then run `clickrail migrate` again."
IN_USE: Final = "View {0} is in use and was not renewed: run `clickrail migrate` again later."
DEPENDED_ON: Final = (
    "View {0} was not renewed, since others use it: {1}. Drop these, then run `clickrail migrate` again."
)


async def prepare_for_analysts(
    connection: asyncpg.Connection, more: Mapping[str, TableComments] | None = None
) -> list[str]:
    """Bring views, role and comments up to date; `more` are comments on tables of other packages.

    Returns sentences about what could not be done, for people. Raises asyncpg's errors.
    """
    async with transaction(connection):
        # Two runs at once would create the same view.
        await connection.execute(LOCK)
        return await prepare(connection, more or {})


async def prepare(connection: asyncpg.Connection, more: Mapping[str, TableComments]) -> list[str]:
    has_referrals = await connection.fetchval(HAS_REFERRALS)
    selects = {view: view.write_select(names=has_referrals) for view in VIEWS}
    problems = [await renew_view(connection, view, select) for view, select in selects.items()]
    problems.append(await prepare_role(connection))
    comments = {name: write_comments(table.text, table.columns) for name, table in TABLES.items()}
    comments |= {
        view.name: TableComments(write_comment(view, select), describe(view.all_columns()))
        for (view, select), problem in zip(selects.items(), problems, strict=False)
        if problem is None
    }
    locked = await apply_comments(connection, comments | dict(more))
    problems += [
        f"Table {name} was locked, and its comments are old: run `clickrail migrate` again." for name in locked
    ]
    return [problem for problem in problems if problem is not None]


def write_comments(text: str, columns: Mapping[str, FieldMeaning]) -> TableComments:
    return TableComments(f"{text}.", describe(columns))


def describe(columns: Mapping[str, FieldMeaning]) -> dict[str, str]:
    return {name: meaning.describe() for name, meaning in columns.items()}


async def renew_view(connection: asyncpg.Connection, view: View, select: str) -> str | None:
    """Create a view that is missing or whose definition changed; return a sentence if that could not be done."""
    comment = write_comment(view, select)
    found = await connection.fetchrow(READ, view.name)
    if found is not None and MARK not in (found[0] or ""):
        return NOT_OURS.format(view.name)
    if found is not None and found[0] == comment:
        return None
    create = f"CREATE VIEW {view.name} AS {select}; COMMENT ON VIEW {view.name} IS {quote_text(comment)};"
    return await replace_view(connection, view, create)


async def replace_view(connection: asyncpg.Connection, view: View, create: str = "") -> str | None:
    """Drop a view if it is there, and create it again; return a sentence if that could not be done."""
    try:
        async with transaction(connection):
            await connection.execute(
                f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}; DROP VIEW IF EXISTS {view.name}; {create}"
            )
    except asyncpg.LockNotAvailableError:
        return IN_USE.format(view.name)
    except asyncpg.DependentObjectsStillExistError as error:
        return DEPENDED_ON.format(view.name, getattr(error, "detail", None) or error)
    return None


async def drop_views(connection: asyncpg.Connection) -> None:
    """Drop our views before migrations, which could not change what a view uses. Views of other makers stay.

    One that cannot be dropped stays, too: most migrations do not touch what it uses.
    """
    for view in VIEWS:
        if MARK in (await connection.fetchval(READ, view.name) or ""):
            await replace_view(connection, view)
