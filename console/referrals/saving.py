"""Writes changes of programs, affiliates and codes, each with its line in the audit log in the same transaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import msgspec
from aiohttp import web

from console.audit.log import AuditEntry, actor_of, write_audit
from console.auth.sessions import SESSION
from console.database import DatabaseAway
from console.environment import ENVIRONMENT, Environment
from console.referrals.forms import describe_change, digest
from referrals.admin import repository
from referrals.admin.editing import Conflict, Edited, edit
from referrals.admin.notes import read_note, write_note
from referrals.admin.validation import ValidationProblem
from referrals.model import Kind, Referral, Status

MOST_AT_ONCE: Final = 10_000
PORTION: Final = 100
"""Rows of one transaction: some tenths of a second. Others who save wait for it, and give up after 2 s."""
Result: TypeAlias = Edited | Conflict | ValidationProblem
Work: TypeAlias = Callable[[Any], Awaitable[Any]]


class Undone(Exception):  # noqa: N818 - it reads as what it is
    """Rolls a transaction back; `result` is what is answered instead."""

    def __init__(self, result: Conflict | ValidationProblem) -> None:
        super().__init__()
        self.result = result


class NewNote(msgspec.Struct, frozen=True):
    """A note as it was typed, and the digest of the one that was seen; empty if none is known."""

    text: str
    seen: str = ""


class Failure(msgspec.Struct, frozen=True):
    """A row that was not changed, and why."""

    id: str
    reason: str


class Bulk(msgspec.Struct, frozen=True):
    """How many rows were changed, how many were so already, and which could not be.

    `left` rows were not reached, because of `problem`.
    """

    changed: int
    same: int
    failures: tuple[Failure, ...]
    left: int = 0
    problem: str = ""


async def run_transaction(request: web.Request, work: Work) -> Any:
    """Run the work in a transaction; what is refused in it changes nothing. Raises DatabaseAway."""
    environment: Environment = request.app[ENVIRONMENT]

    async def run(connection: Any) -> Any:
        async with connection.transaction():
            return await work(connection)

    try:
        return await environment.accounts.write(run)
    except Undone as undone:
        return undone.result


async def add_row(request: web.Request, value: Referral, note: str) -> Referral | ValidationProblem:
    async def work(connection: Any) -> Referral:
        added = await repository.add(connection, value)
        if isinstance(added, ValidationProblem):
            raise Undone(added)
        await write_note(connection, value.kind, value.id, note)
        after = msgspec.to_builtins(added) | ({"note": note} if note else {})
        await log(request, connection, f"{value.kind}.add", f"{value.kind} {value.id}", None, after)
        return added

    found: Referral | ValidationProblem = await run_transaction(request, work)
    return found


async def save_row(
    request: web.Request, kind: Kind, id_: str, changes: Mapping[str, object], version: int | None, note: NewNote | None
) -> Result:
    """Change a row and its note, as they were shown. A note that somebody else wrote meanwhile is a conflict too."""

    async def work(connection: Any) -> Edited:
        done = await edit(connection, kind, id_, changes, version)
        if not isinstance(done, Edited):
            raise Undone(done)
        before, after = describe_change(done.before, done.after)
        if note is not None and (old := await read_note(connection, kind, id_)) != note.text:
            if note.seen and note.seen != digest(old):
                raise Undone(Conflict(done.before))
            await write_note(connection, kind, id_, note.text)
            before, after = before | {"note": old}, after | {"note": note.text}
        if after:
            await log(request, connection, f"{kind}.change", f"{kind} {id_}", before, after)
        return done

    found: Result = await run_transaction(request, work)
    return found


async def change_all(request: web.Request, kind: Kind, ids: Sequence[str], changes: Mapping[str, object]) -> Bulk:
    """Change many rows. A row that is refused is left as it is, and the others are changed.

    Each `PORTION` is a transaction: all other changes of referrals wait for it. If PostgreSQL goes away, `left` counts
    the rows of this portion and those after it. Raises DatabaseAway if it was away from the start.
    """
    done = Bulk(0, 0, ())
    for start in range(0, len(ids), PORTION):
        portion = ids[start : start + PORTION]
        try:
            part: Bulk = await run_transaction(request, partial(change_portion, request, kind, portion, changes))
        except DatabaseAway as error:
            if start == 0:
                raise
            return msgspec.structs.replace(done, left=len(ids) - start, problem=str(error))
        done = Bulk(done.changed + part.changed, done.same + part.same, done.failures + part.failures)
    return done


async def change_portion(
    request: web.Request, kind: Kind, ids: Sequence[str], changes: Mapping[str, object], connection: Any
) -> Bulk:
    changed, same, failures = 0, 0, []
    for id_ in ids:
        try:
            # A savepoint: a row that is refused must not end the others' transaction.
            async with connection.transaction():
                is_changed = await change_row(request, connection, kind, id_, changes)
        except Undone as undone:
            failures.append(Failure(id_, getattr(undone.result, "reason", "somebody else changed it")))
        else:
            changed, same = (changed + 1, same) if is_changed else (changed, same + 1)
    return Bulk(changed, same, tuple(failures))


async def change_status(request: web.Request, kind: Kind, id_: str, status: Status) -> bool | ValidationProblem:
    """Change the state of a row; return whether it was another."""
    found: bool | ValidationProblem = await run_transaction(
        request, lambda connection: change_row(request, connection, kind, id_, {"status": status})
    )
    return found


async def change_row(
    request: web.Request, connection: Any, kind: Kind, id_: str, changes: Mapping[str, object]
) -> bool:
    """Change a row in the transaction, and log it; return whether it is another now. Raises Undone."""
    done = await edit(connection, kind, id_, changes)
    if not isinstance(done, Edited):
        raise Undone(done)
    before, after = describe_change(done.before, done.after)
    if after:
        await log(request, connection, f"{kind}.change", f"{kind} {id_}", before, after)
    return bool(after)


async def log(
    request: web.Request,
    connection: Any,
    action: str,
    subject: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    environment: Environment = request.app[ENVIRONMENT]
    entry = AuditEntry(environment.now(), actor_of(request[SESSION]), action, subject, before, after)
    await write_audit(connection, entry)
