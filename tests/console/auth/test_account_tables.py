"""The tables of users, invitations, recovery codes and keys: one behaviour, in PostgreSQL and in memory."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from console.audit.log import CLI, AuditEntry
from console.auth.account_tables import Accounts, AccountTables, Change, Invitation
from console.auth.key_tables import KeyTables
from console.auth.keys import ApiKey
from console.auth.login_tables import LoginTables, StoredSession
from console.auth.refusals import Refusal
from console.auth.users import OWNER, Account
from console.database import InvalidValue, open_database
from runtime.secret import Secret
from tests.console.builders import NOW
from tests.console.memory_tables import MemoryTables
from tests.console.running import make_account

pytestmark = pytest.mark.servers

VERA = make_account("viewer", id="vera", login="vera@shop.example", name="Vera", password_hash="$argon2id$")
ENTRY = AuditEntry(NOW, CLI, "user.change", "user vera@shop.example")
LINK = Invitation(b"l" * 32, "vera", NOW, NOW + timedelta(hours=48))
KEY = ApiKey(id="k1", name="Shop", role="viewer", hint="crk_abcd", digest=b"k" * 32, created_by="owner", created_at=NOW)


class PostgresTables(AccountTables, KeyTables, LoginTables):
    """All tables of the console's people at once, as those in memory."""


Tables = PostgresTables | MemoryTables


@pytest.fixture(params=["memory", "postgres"])
async def account_tables(
    request: pytest.FixtureRequest,
    database_url: str,
    tables: asyncpg.Connection,  # noqa: ARG001 - that there are tables is what is needed
) -> AsyncIterator[Tables]:
    if request.param == "memory":
        yield MemoryTables()
        return
    async with open_database(Secret(database_url), writable=True) as database:
        yield PostgresTables(database)


def writing(account: Account = VERA, **changes: object) -> Change:
    return msgspec.structs.replace(Change(account=account, entry=ENTRY), **changes)


async def write(tables: Tables, change: Change) -> Account | Refusal:
    return await tables.change_account(lambda _: change)


async def test_there_is_an_owner_from_the_beginning_who_has_no_password_of_their_own(account_tables: Tables) -> None:
    (owner,) = await account_tables.list_accounts()

    assert (owner.id, owner.login, owner.role, owner.password_hash) == ("owner", "owner", "owner", None)
    assert await account_tables.find_by_login("owner") == owner
    assert await account_tables.find_account("owner") == owner


async def test_a_user_is_found_as_written_and_changes_see_all_users(account_tables: Tables) -> None:
    seen: list[Accounts] = []

    def decide(accounts: Accounts) -> Change:
        seen.append(accounts)
        return writing()

    assert await account_tables.change_account(decide) == VERA
    assert list(seen[0]) == ["owner"]
    assert await account_tables.find_by_login("vera@shop.example") == VERA
    assert await account_tables.find_by_login("nobody") is None
    assert await account_tables.find_account("nobody") is None


async def test_what_is_refused_changes_nothing(account_tables: Tables) -> None:
    refusal = Refusal("no")

    assert await account_tables.change_account(lambda _: refusal) == refusal
    assert len(await account_tables.list_accounts()) == 1


async def test_a_change_ends_all_sessions_but_the_one_to_keep(account_tables: Tables) -> None:
    await write(account_tables, writing())
    sessions = [StoredSession(bytes([n]) * 32, b"p", NOW, NOW + timedelta(hours=1), VERA.user) for n in range(3)]
    others = StoredSession(b"o" * 32, b"p", NOW, NOW + timedelta(hours=1), OWNER)
    for session in (*sessions, others):
        await account_tables.add_session(session, ENTRY)
    await write(account_tables, writing(ends_sessions=True, kept_session=sessions[1].token_sha256))

    assert await account_tables.list_sessions("vera", NOW) == [sessions[1]]
    assert [await account_tables.find_session(one.token_sha256) for one in (sessions[0], others)] == [None, others]


async def test_sessions_of_a_disabled_user_are_not_found_and_those_of_others_have_the_role_of_now(
    account_tables: Tables,
) -> None:
    await write(account_tables, writing())
    session = StoredSession(b"s" * 32, b"p", NOW, NOW + timedelta(hours=1), VERA.user, "Firefox")
    await account_tables.add_session(session)
    editor = msgspec.structs.replace(VERA, role="editor")
    await write(account_tables, writing(editor))
    found = await account_tables.find_session(session.token_sha256)
    assert found is not None
    assert found.user.role == "editor"
    await write(account_tables, writing(msgspec.structs.replace(editor, disabled_at=NOW)))

    assert await account_tables.find_session(session.token_sha256) is None


async def test_a_login_is_noted_and_no_change_of_the_user_takes_it_back(account_tables: Tables) -> None:
    await write(account_tables, writing())
    await account_tables.add_session(StoredSession(b"s" * 32, b"p", NOW, NOW + timedelta(hours=1), VERA.user))
    await write(account_tables, writing())
    found = await account_tables.find_account("vera")

    assert found is not None
    assert found.last_login_at == NOW


async def test_an_invitation_is_used_once(account_tables: Tables) -> None:
    await write(account_tables, writing(invitation=LINK))
    found = await account_tables.find_invitation(LINK.digest)
    used = [await write(account_tables, writing(used_invitation=LINK.digest)) for _ in range(2)]

    assert found == LINK
    assert used[0] == VERA
    assert isinstance(used[1], Refusal)
    assert used[1].status == 410


async def test_an_invitation_that_is_too_old_changes_nothing(account_tables: Tables) -> None:
    await write(account_tables, writing(invitation=LINK))
    late = msgspec.structs.replace(ENTRY, at=LINK.expires_at)
    changed = msgspec.structs.replace(VERA, name="Another")
    refused = await write(account_tables, writing(changed, used_invitation=LINK.digest, entry=late))

    assert isinstance(refused, Refusal)
    assert await account_tables.find_account("vera") == VERA


async def test_a_new_invitation_replaces_the_one_before_and_a_disabled_user_has_none(account_tables: Tables) -> None:
    await write(account_tables, writing(invitation=LINK))
    second = msgspec.structs.replace(LINK, digest=b"2" * 32)
    await write(account_tables, writing(invitation=second))
    assert await account_tables.find_invitation(LINK.digest) is None
    await write(account_tables, writing(msgspec.structs.replace(VERA, disabled_at=NOW)))

    assert await account_tables.find_invitation(second.digest) is None


async def test_a_user_is_found_by_the_providers_subject_and_no_other_has_the_same(account_tables: Tables) -> None:
    pinned = msgspec.structs.replace(VERA, oidc_issuer="https://login.example", oidc_subject="f3a1")
    await write(account_tables, writing(pinned))

    assert await account_tables.find_by_subject("https://login.example", "f3a1") == pinned
    assert await account_tables.find_by_subject("https://login.example", "f3a2") is None
    assert await account_tables.find_by_subject("https://other.example", "f3a1") is None
    await write(account_tables, writing())
    assert await account_tables.find_by_subject("https://login.example", "f3a1") is None


async def test_who_arrives_without_an_invitation_needs_it_no_more(account_tables: Tables) -> None:
    await write(account_tables, writing(invitation=LINK))
    await write(account_tables, writing(ends_invitations=True))

    assert await account_tables.find_invitation(LINK.digest) is None


async def test_no_two_users_are_the_same_at_the_provider(tables: asyncpg.Connection, database_url: str) -> None:
    pinned = msgspec.structs.replace(VERA, oidc_issuer="https://login.example", oidc_subject="f3a1")
    async with open_database(Secret(database_url), writable=True) as database:
        people = PostgresTables(database)
        await write(people, writing(pinned))
        with pytest.raises(InvalidValue):
            await write(people, writing(msgspec.structs.replace(pinned, id="max", login="max@shop.example")))

    assert await tables.fetchval("SELECT count(*) FROM users") == 2


async def test_the_code_of_a_time_step_is_used_once_and_none_before_it_afterwards(account_tables: Tables) -> None:
    await write(account_tables, writing())

    assert [await account_tables.use_step("vera", step) for step in (7, 7, 6, 8)] == [True, False, False, True]


async def test_of_two_processes_that_see_the_same_code_one_takes_it(account_tables: Tables) -> None:
    await write(account_tables, writing())
    used = await asyncio.gather(*(account_tables.use_step("vera", 7) for _ in range(2)))

    assert sorted(used) == [False, True]


async def test_recovery_codes_are_each_good_once_and_replaced_together(account_tables: Tables) -> None:
    await write(account_tables, writing(recovery_codes=(b"a" * 32, b"b" * 32)))
    used = [await account_tables.use_recovery_code("vera", b"a" * 32) for _ in range(2)]
    assert (used, await account_tables.count_recovery_codes("vera")) == ([True, False], 1)
    await write(account_tables, writing(recovery_codes=(b"c" * 32,)))

    assert not await account_tables.use_recovery_code("vera", b"b" * 32)
    assert await account_tables.count_recovery_codes("vera") == 1


async def test_a_key_is_found_until_it_is_revoked_and_its_use_is_noted(account_tables: Tables) -> None:
    assert await account_tables.change_key(lambda _: (KEY, ENTRY)) == KEY
    assert await account_tables.find_key(KEY.digest) == KEY
    await account_tables.note_use("k1", NOW)
    revoked = msgspec.structs.replace(KEY, revoked_at=NOW)
    await account_tables.change_key(lambda keys: (msgspec.structs.replace(keys[0], revoked_at=NOW), ENTRY))

    assert await account_tables.find_key(KEY.digest) == msgspec.structs.replace(revoked, last_used_at=NOW)
    assert await account_tables.find_key(b"?" * 32) is None


async def test_keys_are_listed_with_the_newest_first(account_tables: Tables) -> None:
    later = msgspec.structs.replace(KEY, id="k2", digest=b"2" * 32, created_at=NOW + timedelta(hours=1))
    for key in (KEY, later):
        await account_tables.change_key(lambda _, key=key: (key, ENTRY))
    refusal = Refusal("no")

    assert await account_tables.change_key(lambda _: refusal) == refusal
    assert await account_tables.list_keys() == [later, KEY]


async def test_each_change_stands_in_the_audit_log(tables: asyncpg.Connection, database_url: str) -> None:
    async with open_database(Secret(database_url), writable=True) as database:
        people = PostgresTables(database)
        await write(people, writing())
        await people.change_key(lambda _: (KEY, ENTRY))
        await people.add_session(StoredSession(b"s" * 32, b"p", NOW, NOW + timedelta(hours=1), VERA.user), ENTRY)
        await people.remove_session(b"s" * 32, ENTRY)
        await people.remove_session(b"s" * 32, ENTRY)
        await people.write_entry(ENTRY)

    assert await tables.fetchval("SELECT count(*) FROM audit_log") == 5
