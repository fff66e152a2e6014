"""The role of analysts: a group without login that may read the views, and the people's own logins in it."""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Final

import asyncpg

from runtime.comments import quote_name, quote_text
from runtime.postgres import transaction
from storage.analysts.views import VIEWS

ROLE: Final = "clickrail_analyst"
LOGIN_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
SCRAM_ROUNDS: Final = 4096
"""PostgreSQL's own default (scram_iterations)."""

READ_ROLE: Final = f"""
    SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') AS is_there, rolsuper OR rolcreaterole AS may_create
    FROM pg_roles WHERE rolname = current_user
"""  # noqa: S608 - a name of ours
READ_GRANTS: Final = f"""
    SELECT has_schema_privilege('{ROLE}', current_schema(), 'USAGE') AS schema,
        ARRAY(
            SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname = ANY ($1)
            AND NOT has_table_privilege('{ROLE}', oid, 'SELECT')
        ) AS views
"""  # noqa: S608 - a name of ours
NO_ROLE: Final = (
    f"Analysts have no role: this account may not create roles. Let an administrator run `CREATE ROLE {ROLE} NOLOGIN`,"
    " then run `clickrail migrate` again."
)
NO_GRANT: Final = (
    f"Role {ROLE} may not read the views: this account may not grant that. Let the owner of the schema run `{{}}`."
)


async def prepare_role(connection: asyncpg.Connection) -> str | None:
    """Create the role, and let it read the views; return a sentence about what an administrator must do."""
    state = await connection.fetchrow(READ_ROLE)
    if not state["is_there"]:
        if not state["may_create"]:
            return NO_ROLE
        await create_role(connection)
    if grants := await find_missing_grants(connection):
        try:
            async with transaction(connection):
                await connection.execute(grants)
        except asyncpg.InsufficientPrivilegeError:
            return NO_GRANT.format(grants)
        # Without the right to grant, PostgreSQL may only warn.
        if left := await find_missing_grants(connection):
            return NO_GRANT.format(left)
    return None


async def create_role(connection: asyncpg.Connection) -> None:
    try:
        async with transaction(connection):
            await connection.execute(f"CREATE ROLE {ROLE} NOLOGIN")
    except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        return  # another run was faster: roles belong to all databases of a server


async def find_missing_grants(connection: asyncpg.Connection) -> str:
    """Return the statements that give the role what it lacks."""
    missing = await connection.fetchrow(READ_GRANTS, [view.name for view in VIEWS])
    schema = quote_name(await connection.fetchval("SELECT current_schema()"))
    grants = [] if missing["schema"] else [f"GRANT USAGE ON SCHEMA {schema} TO {ROLE}"]
    grants += [f"GRANT SELECT ON {schema}.{view} TO {ROLE}" for view in sorted(missing["views"])]
    return "; ".join(grants)


def write_login(name: str, verifier: str, place: Sequence[str], timeout_s: int) -> str:
    """Give the statements that create a login for an analyst; `place` is the database and the schema.

    The settings of a role without login do not reach its members, so each login has them.
    """
    database, schema = map(quote_name, place)
    role = quote_name(name)
    return (
        f"CREATE ROLE {role} LOGIN PASSWORD {quote_text(verifier)} IN ROLE {ROLE};"
        f"ALTER ROLE {role} IN DATABASE {database} SET default_transaction_read_only = on;"
        f"ALTER ROLE {role} IN DATABASE {database} SET statement_timeout = '{timeout_s}s';"
        f"ALTER ROLE {role} IN DATABASE {database} SET idle_in_transaction_session_timeout = '{timeout_s}s';"
        f"ALTER ROLE {role} IN DATABASE {database} SET search_path = {schema};"
    )


async def add_login(connection: asyncpg.Connection, name: str, verifier: str, timeout_s: int) -> None:
    """Create a login for an analyst. Raises asyncpg's errors, such as DuplicateObjectError."""
    place = await connection.fetchrow("SELECT current_database(), current_schema()")
    async with transaction(connection):
        await connection.execute(write_login(name, verifier, tuple(place), timeout_s))


async def remove_login(connection: asyncpg.Connection, name: str) -> bool:
    """Remove the login of an analyst; return whether there was one. Other roles are left alone."""
    is_analyst = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM pg_auth_members WHERE member = to_regrole($1) AND roleid = to_regrole($2))",
        quote_name(name),
        ROLE,
    )
    if is_analyst:
        await connection.execute(f"DROP ROLE {quote_name(name)}")
    return bool(is_analyst)


def make_verifier(password: str, salt: bytes) -> str:
    """Return what PostgreSQL stores of an ASCII password, so that no statement and no log contains it (RFC 5803)."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, SCRAM_ROUNDS)
    client, server = (hmac.digest(salted, key, "sha256") for key in (b"Client Key", b"Server Key"))
    stored = hashlib.sha256(client).digest()
    salt64, stored64, server64 = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${SCRAM_ROUNDS}:{salt64}${stored64}:{server64}"
