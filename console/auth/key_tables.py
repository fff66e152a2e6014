"""The table of API keys."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from console.audit.log import AuditEntry, write_audit
from console.auth.keys import ApiKey
from console.auth.refusals import Refusal
from console.database import Database
from runtime.postgres import transaction

COLUMNS: Final = (
    "id, name, role, hint, key_sha256 AS digest, created_by, created_at, expires_at, last_used_at, revoked_at"
)
FIND: Final = f"SELECT {COLUMNS} FROM api_keys WHERE key_sha256 = $1"  # noqa: S608 - names of ours
NOTE_USE: Final = "UPDATE api_keys SET last_used_at = $2 WHERE id = $1"
LIST: Final = f"SELECT {COLUMNS} FROM api_keys ORDER BY created_at DESC, id"  # noqa: S608 - names of ours
# Keys are few: locking all of them makes two changes at the same time wait for each other.
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('clickrail api_keys', 0))"
WRITE: Final = """
INSERT INTO api_keys (id, name, role, hint, key_sha256, created_by, created_at, expires_at, last_used_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO UPDATE SET revoked_at = EXCLUDED.revoked_at, name = EXCLUDED.name
"""

KeyChange = tuple[ApiKey, AuditEntry]
DecideKey = Callable[[Sequence[ApiKey]], KeyChange | Refusal]
"""What to write, given all keys, the newest first."""


class KeyTable(Protocol):
    """The keys. All methods raise DatabaseAway."""

    async def find_key(self, digest: bytes) -> ApiKey | None: ...
    async def note_use(self, key_id: str, now: datetime) -> None: ...
    async def list_keys(self) -> list[ApiKey]: ...
    async def change_key(self, decide: DecideKey) -> ApiKey | Refusal:
        """Add or revoke a key, and write the audit log, in one transaction; changes wait for each other."""


class KeyTables:
    """The keys in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_key(self, digest: bytes) -> ApiKey | None:
        row = await self._database.write(lambda connection: connection.fetchrow(FIND, digest))
        return None if row is None else ApiKey(**row)

    async def note_use(self, key_id: str, now: datetime) -> None:
        await self._database.write(lambda connection: connection.execute(NOTE_USE, key_id, now))

    async def list_keys(self) -> list[ApiKey]:
        return [ApiKey(**row) for row in await self._database.write(lambda connection: connection.fetch(LIST))]

    async def change_key(self, decide: DecideKey) -> ApiKey | Refusal:
        async def work(connection: Any) -> ApiKey | Refusal:
            async with transaction(connection):
                await connection.execute(LOCK)
                decided = decide([ApiKey(**row) for row in await connection.fetch(LIST)])
                if isinstance(decided, Refusal):
                    return decided
                key, entry = decided
                times = (key.created_at, key.expires_at, key.last_used_at, key.revoked_at)
                await connection.execute(
                    WRITE, key.id, key.name, key.role, key.hint, key.digest, key.created_by, *times
                )
                await write_audit(connection, entry)
                return key

        return await self._database.write(work)
