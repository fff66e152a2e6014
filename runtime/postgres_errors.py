"""What an error of PostgreSQL means: it is away, a value is bad, or nothing gets better by trying again. Pure.

There is no other opinion of it in the project. An outage is never a value's fault, whatever the class of its exception:
`ssl.SSLCertVerificationError` is an OSError and a ValueError.
"""

import socket
import ssl
from typing import Final, Literal

import asyncpg

Fault = Literal["away", "value", "stuck"]
"""`away`: it does not answer, or not now; the same may work later. `value`: what was to be stored or asked for is bad.
`stuck`: the same never works."""

ERRORS: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg makes of a connection that was ended between two statements
)
"""Everything that connecting and a statement raise, and that is no mistake in our code."""

UNENCODABLE: Final = (ValueError, OverflowError, TypeError)
"""What asyncpg raises while it encodes the rows of a COPY, and nowhere else; UnicodeEncodeError is a ValueError."""

AWAY_CLASSES: Final = frozenset({"08", "28", "3D", "40", "53", "57", "58"})
"""Connection, login, no such database, rolled back, no resources, operator, the system's own errors."""
AWAY_STATES: Final = frozenset({"25006", "25P02", "25P03", "25P04", "55006", "55P03"})
"""Read-only, a transaction that was ended, in use, lock not available."""
VALUE_CLASSES: Final = frozenset({"22", "23"})

POOLER: Final = (
    "a pooler (PgBouncer) before PostgreSQL refuses an option of the URL: leave it out, or name it in PgBouncer's "
    "ignore_startup_parameters"
)
REFUSED_OPTION: Final = "unsupported startup parameter"
NO_TABLES: Final = "it has not all of Clickrail's tables (`clickrail migrate` makes them)"
EXPLANATIONS: Final = {
    socket.gaierror: "the host of the URL is not known",
    ConnectionRefusedError: "nobody listens at the address of the URL",
    TimeoutError: "no answer in time",
}


def classify_error(error: BaseException) -> Fault:
    """Tell what an error of `ERRORS` or `UNENCODABLE` means."""
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
    """Tell whether PgBouncer refused a startup parameter. All it says has one state, 08P01."""
    return isinstance(error, asyncpg.PostgresError) and REFUSED_OPTION in str(error)


def is_missing_partition(error: BaseException) -> bool:
    """Tell whether a row found no partition. That is a check violation of no constraint, unlike a CHECK's own."""
    return isinstance(error, asyncpg.CheckViolationError) and getattr(error, "constraint_name", None) is None


def explain_error(error: BaseException) -> str:
    """Say for people what it is, in a few words. Shows no value, and nothing of a URL but host and user."""
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
