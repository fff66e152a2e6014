"""What an error of Postgres means: the server is away, a row is bad, or the schema is not ours. Pure.

By SQLSTATE class: 08, 40, 53, 57 and 25006 pass by themselves; 22 and 23 are a row's fault; anything else is ours.
"""

from typing import Final, Literal

import asyncpg

Verdict = Literal["away", "bad_row", "broken"]

AWAY_CLASSES: Final = frozenset({"08", "40", "53", "57"})
AWAY_STATES: Final = frozenset({"25006", "55P03", "23514"})
"""Read-only, lock not available; and a check violation, which from our tables means that a partition is gone: a new
connection remembers none, and makes it again."""
BAD_ROW_CLASSES: Final = frozenset({"22", "23"})

FAILURES: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg makes of a connection that was ended between two statements
    OSError,
    TimeoutError,
    ValueError,
    OverflowError,
    TypeError,
)
"""Everything a load can raise that is not a mistake in this code."""


def judge(error: Exception) -> Verdict:
    """Tell whose fault a failed load is."""
    match error:
        case asyncpg.PostgresError():
            state = error.sqlstate or ""
            if state[:2] in AWAY_CLASSES or state in AWAY_STATES:
                return "away"
            return "bad_row" if state[:2] in BAD_ROW_CLASSES else "broken"
        # What asyncpg's encoders raise for a value they cannot write; UnicodeEncodeError is a ValueError.
        case ValueError() | OverflowError() | TypeError():
            return "bad_row"
        case _:
            return "away"
