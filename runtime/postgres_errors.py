"""What an error of PostgreSQL means: the server is away, a value is bad, or a retry cannot help. Pure.

All of the project classifies errors here. An outage never counts as a bad value, whatever the exception's class:
`ssl.SSLCertVerificationError` is both an OSError and a ValueError.
"""

import socket
import ssl
from typing import Final, Literal

import asyncpg

Fault = Literal["away", "value", "stuck"]
"""`away`: the server does not answer or cannot serve now; a retry may work. `value`: a value in the statement is bad.
`stuck`: a retry cannot work."""

ERRORS: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # asyncpg raises it when a connection was ended between two statements
)
"""Everything that connecting and running a statement raise, except for bugs in our code."""

UNENCODABLE: Final = (ValueError, OverflowError, TypeError)
"""What asyncpg raises while it encodes the rows of a COPY, and only there. UnicodeEncodeError is a ValueError."""

AWAY_CLASSES: Final = frozenset({"08", "28", "3D", "40", "53", "57", "58"})
"""Connection, login, unknown database, rollback, insufficient resources, operator intervention, system error."""
AWAY_STATES: Final = frozenset({"25006", "25P02", "25P03", "25P04", "55006", "55P03"})
"""Read-only, failed or timed-out transaction, object in use, lock not available."""
VALUE_CLASSES: Final = frozenset({"22", "23"})

POOLER: Final = (
    "a pooler (PgBouncer) refuses an option of the URL: remove it, or add it to PgBouncer's ignore_startup_parameters"
)
REFUSED_OPTION: Final = "unsupported startup parameter"
NO_TABLES: Final = "tables of Clickrail are missing: run `clickrail migrate`"
EXPLANATIONS: Final = {
    socket.gaierror: "the host name in the URL cannot be resolved",
    ConnectionRefusedError: "nothing listens at the address in the URL",
    TimeoutError: "no answer in time",
}


def classify_error(error: BaseException) -> Fault:
    """Return what an error of `ERRORS` or `UNENCODABLE` means."""
    match error:
        case asyncpg.PostgresError():
            return classify_state(error)
        case asyncpg.ClientConfigurationError() | asyncpg.UnsupportedServerFeatureError():
            return "stuck"
        case OSError() | TimeoutError() | asyncpg.InterfaceError() | asyncpg.InternalClientError():
            return "away"
        case ValueError() | OverflowError() | TypeError():
            return "value"
        case _:
            return "stuck"


def classify_state(error: asyncpg.PostgresError) -> Fault:
    state = error.sqlstate or ""
    if is_refused_option(error):
        return "stuck"
    if state[:2] in AWAY_CLASSES or state in AWAY_STATES or is_missing_partition(error):
        return "away"
    return "value" if state[:2] in VALUE_CLASSES else "stuck"


def is_refused_option(error: BaseException) -> bool:
    """Return whether PgBouncer refused a startup parameter. All of PgBouncer's errors have one SQLSTATE, 08P01."""
    return isinstance(error, asyncpg.PostgresError) and REFUSED_OPTION in str(error)


def is_missing_partition(error: BaseException) -> bool:
    """Return whether a row has no partition: a check violation without a constraint name, unlike a CHECK's own."""
    return isinstance(error, asyncpg.CheckViolationError) and getattr(error, "constraint_name", None) is None


def explain_error(error: BaseException) -> str:
    """Describe an error in a few words. Shows no value, and of a URL only host and user."""
    match error:
        case asyncpg.PostgresError():
            return explain_state(error)
        case ssl.SSLCertVerificationError():
            return f"its certificate does not verify: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS failed: {error.reason}"
    known = next((text for kind, text in EXPLANATIONS.items() if isinstance(error, kind)), "")
    return known or str(error) or type(error).__name__


def explain_state(error: asyncpg.PostgresError) -> str:
    message = str(error).partition("\n")[0]
    match error:
        case asyncpg.UndefinedTableError() | asyncpg.UndefinedColumnError():
            return f"{NO_TABLES}: {message}"
        case asyncpg.InvalidSQLStatementNameError() | asyncpg.DuplicatePreparedStatementError():
            return f"a pooler (PgBouncer) lost a prepared statement: {message}"
        case _ if is_refused_option(error):
            return f"{POOLER} ({message})"
        case _ if (error.sqlstate or "")[:2] in VALUE_CLASSES:
            return f"it refuses a value (SQLSTATE {error.sqlstate})"
        case _:
            return message
