"""Changes that two people may make at the same time: who was second is told, and overwrites nothing."""

from collections.abc import Mapping
from typing import Final

import asyncpg
import msgspec

from referrals.admin import repository
from referrals.admin.validation import ValidationProblem
from referrals.model import Kind, Referral
from referrals.row_codec import DECODERS
from referrals.tables import KEYS, TABLES

WRITE_S: Final = 10.0
# Every INSERT and UPDATE locks this row first, in its trigger, and only then rows of programs, affiliates and codes.
LOCK_VERSION: Final = "SELECT FROM referral_version FOR UPDATE"


class Edited(msgspec.Struct, frozen=True):
    """A row before and after a change."""

    before: Referral
    after: Referral


class Conflict(msgspec.Struct, frozen=True):
    """Somebody else changed the row since its `version` was read. Nothing was changed."""

    current: Referral


async def edit(
    connection: asyncpg.Connection, kind: Kind, id_: str, changes: Mapping[str, object], version: int | None = None
) -> Edited | Conflict | ValidationProblem:
    """Change a row whose version is this one; without a version, whatever it is.

    Call it in a transaction, and roll that back unless it was edited: until its end nobody else changes any row. Raises
    asyncpg's errors.
    """
    try:
        await connection.execute(LOCK_VERSION, timeout=WRITE_S)
        text = await connection.fetchval(
            f"SELECT to_json(r)::text FROM {TABLES[kind]} r WHERE {KEYS[kind]} = $1 FOR UPDATE",  # noqa: S608 - names of ours
            id_,
            timeout=WRITE_S,
        )
    except asyncpg.DataError:
        text = None
    if text is None:
        return ValidationProblem(f"there is no {kind} {id_!r}")
    before: Referral = DECODERS[kind].decode(text)
    if version is not None and before.version != version:
        return Conflict(before)
    if all(getattr(before, name) == value for name, value in changes.items()):
        return Edited(before, before)
    after = await repository.change(connection, kind, id_, changes)
    return after if isinstance(after, ValidationProblem) else Edited(before, after)
