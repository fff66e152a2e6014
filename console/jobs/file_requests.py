"""Asks for files as jobs: how many somebody may have, and how much all files may take together.

When that is reached, a file is refused and no other one makes room for it: whoever has a file was promised seven days,
and somebody who asks for many could else remove everybody's.
"""

from typing import Any, Final

import msgspec

from console.audit.log import AuditEntry, actor_of, write_audit
from console.auth.users import Session
from console.clicks.log_address import hide_visitors
from console.environment import Environment
from console.jobs.files import MOST, FileSpace, count_files, read_space
from console.jobs.table import FileKind, add_job
from console.reports.saved import LONGEST_QUERY
from console.view.filters import is_storable


class Refused(msgspec.Struct, frozen=True):
    """No job was made; the reason is for people."""

    reason: str


BAD_QUERY: Final = Refused("Its address is too long, or has a character that cannot be stored.")
TOO_MANY: Final = Refused(f"You have {MOST} files, those that are being made included: delete one under Jobs first.")


async def ask_for_file(environment: Environment, session: Session, kind: FileKind, query: str) -> int | Refused:
    """Ask for the file of a view's clicks or of a report; give the number of the job. Raises DatabaseAway."""
    if len(query) > LONGEST_QUERY or not is_storable(query):
        return BAD_QUERY
    most = environment.settings.files_mb

    async def change(connection: Any) -> int | Refused:
        async with connection.transaction():
            if await count_files(connection, session.user.id) >= MOST:
                return TOO_MANY
            space = await read_space(connection)
            if space.megabytes >= most:
                return explain_full(space, most)
            number = await add_job(connection, kind, actor_of(session), {"query": query})
            after = {"kind": kind, "query": hide_visitors(query)}
            entry = AuditEntry(environment.now(), actor_of(session), "file.ask", f"job {number}", after=after)
            await write_audit(connection, entry)
        return number

    result: int | Refused = await environment.accounts.write(change)
    return result


def explain_full(space: FileSpace, most_mb: int) -> Refused:
    """Say how there can be room again."""
    until = f", or wait until {space.next_end:%Y-%m-%d %H:%M} UTC, when the oldest one ends" if space.next_end else ""
    return Refused(
        f"The files of jobs take the {most_mb:,} MB that they may take together (CLICKRAIL_CONSOLE_FILES_MB)."
        f" Delete some under Jobs{until}."
    )
