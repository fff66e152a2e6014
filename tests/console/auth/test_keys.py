"""API keys: which header opens what, and how soon a revoked key opens nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest

from console.audit.log import CLI, AuditEntry
from console.auth.keys import CACHE_S, NOTE_AGAIN_S, ApiKey, Keys, digest_of, hint_of, write_key
from console.auth.roles import Role
from console.database import DatabaseAway
from tests.console.auth.test_login_throttle import Clock
from tests.console.builders import NOW
from tests.console.memory_tables import MemoryTables
from tests.console.running import Console, make_settings, run_console

SECRET = bytes(range(32))
KEY = ApiKey(
    id="k1",
    name="Shop",
    role="viewer",
    hint=hint_of(SECRET),
    digest=digest_of(SECRET),
    created_by="Owner",
    created_at=NOW,
    expires_at=NOW + timedelta(days=90),
)
HEADER = f"Bearer {write_key(SECRET)}"
ENTRY = AuditEntry(NOW, CLI, "key.add", "key Shop")


async def store(tables: MemoryTables, key: ApiKey = KEY) -> None:
    await tables.change_key(lambda _: (key, ENTRY))


async def status_of(console: Console, path: str, header: str = HEADER, method: str = "GET") -> int:
    headers = {"Authorization": header}
    async with console.client.request(method, path, headers=headers, allow_redirects=False) as response:
        return response.status


def at(now: datetime) -> Callable[[], datetime]:
    return lambda: now


async def test_a_key_opens_the_api_and_no_page() -> None:
    tables = MemoryTables()
    await store(tables)
    async with run_console(make_settings(), tables, now=at(NOW)) as console:
        assert await status_of(console, "/api/v1/attribution?nonsense=1") == 400
        assert await status_of(console, "/clicks") == 303
        assert await status_of(console, "/keys", method="POST") == 401


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer crk_",
        f"Basic {write_key(SECRET)}",
        f"Bearer {write_key(bytes(32))}",
        HEADER[:-1],
        "Bearer x",
    ],
)
async def test_any_other_header_is_answered_401_as_json(header: str) -> None:
    tables = MemoryTables()
    await store(tables)
    async with (
        run_console(make_settings(), tables, now=at(NOW)) as console,
        console.client.get("/api/v1/attribution", headers={"Authorization": header}) as response,
    ):
        assert (response.status, response.content_type) == (401, "application/problem+json")
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert (await response.json(content_type=None))["reason"] == "not_logged_in"


async def test_a_header_that_is_wrong_is_not_made_good_by_a_cookie(offline_console: Console) -> None:
    await offline_console.log_in()

    assert await status_of(offline_console, "/api/v1/attribution", "Bearer nonsense") == 401


async def test_a_key_ends_at_its_time() -> None:
    tables = MemoryTables()
    await store(tables)
    keys = Keys(tables, Clock())

    assert await keys.find(HEADER, NOW + timedelta(days=90) - timedelta(seconds=1)) is not None
    assert await keys.find(HEADER, NOW + timedelta(days=90)) is None


async def test_a_revoked_key_opens_nothing_at_any_process_in_less_than_a_second() -> None:
    tables, clock = MemoryTables(), Clock()
    await store(tables)
    there = Keys(tables, clock)
    assert await there.find(HEADER, NOW) is not None
    await store(tables, msgspec.structs.replace(KEY, revoked_at=NOW))
    clock.now += CACHE_S

    assert CACHE_S < 1
    assert await there.find(HEADER, NOW) is None


async def test_a_busy_program_asks_the_table_now_and_then_only() -> None:
    tables = MemoryTables()
    await store(tables)
    keys = Keys(tables, Clock())
    await keys.find(HEADER, NOW)
    asked = tables.asked
    for _ in range(50):
        await keys.find(HEADER, NOW)

    assert tables.asked == asked
    assert tables.keys["k1"].last_used_at == NOW


class ReadOnlyTables(MemoryTables):
    """Tables of a standby: a use cannot be noted."""

    tries = 0

    async def note_use(self, key_id: str, now: datetime) -> None:
        self.tries += 1
        raise DatabaseAway("PostgreSQL is read-only")


async def test_an_idle_key_opens_the_api_while_its_use_cannot_be_noted() -> None:
    tables = ReadOnlyTables()
    await store(tables)
    async with run_console(make_settings(), tables, now=at(NOW)) as console:
        statuses = [await status_of(console, "/api/v1/attribution?nonsense=1") for _ in range(2)]

    assert statuses == [400, 400]


async def test_a_use_that_cannot_be_noted_is_tried_again_after_a_minute() -> None:
    tables, clock = ReadOnlyTables(), Clock()
    await store(tables)
    keys, tries = Keys(tables, clock), []
    for wait in (0, CACHE_S, NOTE_AGAIN_S - 2 * CACHE_S, CACHE_S):
        clock.now += wait
        assert await keys.find(HEADER, NOW) is not None
        tries.append(tables.tries)

    assert tries == [1, 1, 1, 2]


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
async def test_a_key_has_the_permissions_of_its_scope(role: Role) -> None:
    tables = MemoryTables()
    await store(tables, msgspec.structs.replace(KEY, role=role))
    found = await Keys(tables, Clock()).find(HEADER, NOW)

    assert found is not None
    assert (found.role, found.is_key, found.user.name) == (role, True, "Shop")


async def test_two_keys_of_one_name_are_valid_for_a_rotation_and_no_third(offline_console: Console) -> None:
    await offline_console.log_in()
    csrf = await offline_console.read_csrf()
    data = {"csrf": csrf, "name": "Shop", "scope": "viewer", "days": "90"}
    statuses = []
    for _ in range(3):
        async with offline_console.client.post("/keys", data=data) as response:
            statuses.append(response.status)
    assert offline_console.tables is not None
    first = next(iter(offline_console.tables.keys))
    async with offline_console.client.post(
        f"/keys/{first}/revoke", data={"csrf": csrf}, allow_redirects=False
    ) as response:
        statuses.append(response.status)
    async with offline_console.client.post("/keys", data=data) as response:
        statuses.append(response.status)

    assert statuses == [200, 200, 409, 303, 200]
    assert [entry.action for entry in offline_console.tables.entries] == [
        *("login", "key.add", "key.add", "key.revoke", "key.add"),
    ]


async def test_a_key_is_shown_once_and_works_as_shown(offline_console: Console) -> None:
    await offline_console.log_in()
    data = {"csrf": await offline_console.read_csrf(), "name": "Shop", "scope": "viewer", "days": ""}
    async with offline_console.client.post("/keys", data=data) as response:
        text = await response.text()
    shown = text.partition("data-key>")[2].partition("<")[0]
    offline_console.client.session.cookie_jar.clear()

    assert await status_of(offline_console, "/api/v1/attribution?nonsense=1", f"Bearer {shown}") == 400
    await offline_console.log_in()
    assert shown not in await offline_console.read("/keys")
