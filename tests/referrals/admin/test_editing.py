"""Two people who change one row."""

import asyncio

import asyncpg
import pytest

from referrals.admin import repository
from referrals.admin.editing import Conflict, Edited, edit
from referrals.admin.validation import ValidationProblem
from referrals.connections import connected
from referrals.model import Program, ReferralCode
from tests.referrals.builders import affiliate, code, insert
from tests.waiting import eventually

pytestmark = pytest.mark.servers


async def find(connection: asyncpg.Connection) -> Program:
    found = await repository.find(connection, "program", "shop")
    assert isinstance(found, Program)
    return found


async def test_a_change_of_the_row_as_it_was_read_is_made(connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    before = await find(connection)
    done = await edit(connection, "program", "shop", {"name": "New"}, before.version)

    assert isinstance(done, Edited)
    assert (done.before, done.after) == (before, await find(connection))
    assert await connection.fetchval("SELECT name FROM programs") == "New"


async def test_who_was_second_is_told_and_changes_nothing(connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    version = (await find(connection)).version
    await edit(connection, "program", "shop", {"name": "First"}, version)
    done = await edit(connection, "program", "shop", {"name": "Second"}, version)

    assert done == Conflict(await find(connection))
    assert (await find(connection)).name == "First"


async def test_the_same_values_are_no_change(connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    before = await find(connection)

    assert await edit(connection, "program", "shop", {"name": before.name}) == Edited(before, before)
    assert (await find(connection)).version == before.version


@pytest.mark.parametrize("id_", ["nobody", "a\0b"])
async def test_what_is_not_there_is_not_changed(connection: asyncpg.Connection, id_: str) -> None:
    assert await edit(connection, "program", id_, {"name": "x"}) == ValidationProblem(f"there is no program {id_!r}")


async def test_what_is_wrong_is_said_with_its_field(connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    refused = await edit(connection, "program", "shop", {"target_url": "javascript:alert(1)"})
    async with connection.transaction():
        too_long = await repository.change(connection, "program", "shop", {"cookie_window_days": 30})

    assert refused == ValidationProblem("target_url: a target starts with http:// or https://", "target_url")
    assert isinstance(too_long, Program)


async def test_whoever_edits_waits_for_a_change_that_came_first_and_locks_nothing_that_it_needs(
    connection: asyncpg.Connection, referrals_url: str
) -> None:
    await insert(connection, "abc")
    async with connected(referrals_url) as other:
        pid = await other.fetchval("SELECT pg_backend_pid()")
        waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1"
        async with connection.transaction():
            await repository.add(connection, affiliate(id="bob", name="Bob"))
            editing = asyncio.create_task(edit_shop(other))
            await eventually(lambda: connection.fetchval(waits, pid))
            # Its foreign key locks the program.
            added = await repository.add(connection, code(code="new"))
        edited = await editing

    assert isinstance(added, ReferralCode)
    assert isinstance(edited, Edited)


async def edit_shop(connection: asyncpg.Connection) -> object:
    async with connection.transaction():
        return await edit(connection, "program", "shop", {"name": "New"})
