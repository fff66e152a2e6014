"""Two consoles on one PostgreSQL: what is ended at one of them is over at the other."""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest

from console.auth.guard import SESSION_COOKIE
from console.settings import Settings
from runtime.secret import Secret
from tests.console.running import Console, make_settings, run_console
from tests.waiting import eventually

pytestmark = pytest.mark.servers


@pytest.fixture
def settings(
    database_url: str,
    tables: asyncpg.Connection,  # noqa: ARG001 - that there are tables is what is needed
) -> Settings:
    return make_settings(database_url=Secret(database_url))


@pytest.fixture
async def here(settings: Settings) -> AsyncIterator[Console]:
    async with run_console(settings) as console:
        await console.log_in()
        yield console


@pytest.fixture
async def there(settings: Settings) -> AsyncIterator[Console]:
    async with run_console(settings) as console:
        yield console


async def send(console: Console, path: str, **fields: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', await console.read("/account"))
    assert found
    async with console.client.post(path, data={"csrf": found[1]} | fields) as response:
        assert response.status == 200
        return await response.text()


async def test_a_user_who_is_disabled_at_one_process_is_out_at_the_other(here: Console, there: Console) -> None:
    cookies = {SESSION_COOKIE: await there.begin_session("viewer")}

    async def status() -> int:
        async with there.client.get("/account", cookies=cookies, allow_redirects=False) as response:
            return response.status

    assert await status() == 200
    await send(here, "/users/viewer/disable")

    async def is_out() -> bool:
        return await status() == 303

    assert await eventually(is_out)


async def test_a_key_that_is_revoked_at_one_process_opens_nothing_at_the_other(here: Console, there: Console) -> None:
    page = await send(here, "/keys", name="Shop", scope="viewer", days="30")
    key = page.partition("data-key>")[2].partition("<")[0]

    async def status() -> int:
        headers = {"Authorization": f"Bearer {key}"}
        async with there.client.get("/api/v1/attribution?nonsense=1", headers=headers) as response:
            return response.status

    assert await status() == 400
    found = re.search(r"/keys/(\w+)/revoke", page)
    assert found
    await send(here, f"/keys/{found[1]}/revoke")

    async def is_refused() -> bool:
        return await status() == 401

    assert await eventually(is_refused)


async def test_an_invitation_of_one_process_is_used_once_at_either(here: Console, there: Console) -> None:
    page = await send(here, "/users", name="Vera", login="vera", role="viewer", affiliate_id="")
    link = page.partition('data-copy="')[2].partition('"')[0]
    path = link[link.index("/invitation/") :]
    data = {"password": "a longer secret", "repeated": "a longer secret"}
    statuses = []
    for console in (there, here):
        async with console.client.post(path, data=data, allow_redirects=False) as response:
            statuses.append(response.status)

    assert statuses == [303, 410]
