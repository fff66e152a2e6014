"""The pages of people, at a console without servers: what each change does, and what it refuses."""

import re
from collections.abc import Mapping
from datetime import timedelta

import msgspec
import pyotp
import pytest
from aiohttp.test_utils import TestClient

from console.auth.guard import SESSION_COOKIE
from console.auth.keys import digest_of
from console.auth.login_throttle import CODES
from console.auth.roles import Role
from console.auth.second_factor import digest_recovery_code, seal_secret, write_recovery_code
from console.auth.sessions import read_token
from tests.console.builders import NOW
from tests.console.memory_tables import MemoryTables
from tests.console.running import PASSWORD, Console, make_account, make_settings, run_console

NEW = "a longer secret"


def tables_of(console: Console) -> MemoryTables:
    assert console.tables is not None
    return console.tables


async def send(console: Console, path: str, **fields: str) -> tuple[int, str]:
    """Send a form with the session's CSRF token; give the status, and where it leads or the page."""
    found = re.search(r'name="csrf" value="([^"]+)"', await console.read("/account"))
    data = {"csrf": found[1] if found else ""} | fields
    async with console.client.post(path, data=data, allow_redirects=False) as response:
        return response.status, response.headers.get("Location") or await response.text()


async def invite(console: Console, **changes: str) -> tuple[int, str]:
    fields = {"name": "Vera", "login": "Vera@Shop.example", "role": "viewer", "affiliate_id": ""}
    return await send(console, "/users", **fields | changes)


def link_in(page: str) -> str:
    found = re.search(r"/invitation/[\w-]{43}", page)
    assert found
    return found[0]


async def open_link(client: TestClient, link: str, **fields: str) -> int:
    known = {"password": NEW, "repeated": NEW}
    async with client.post(link, data=known | fields, allow_redirects=False) as response:
        return response.status


async def log_in(console: Console, login: str, password: str, **fields: str) -> tuple[int, str]:
    data = {"login": login, "password": password} | fields
    async with console.client.post("/login", data=data, allow_redirects=False) as response:
        return response.status, await response.text()


def actions(console: Console) -> list[str]:
    return [entry.action for entry in tables_of(console).entries]


@pytest.mark.parametrize("path", ["/users", "/keys", "/account"])
async def test_each_page_is_shown_to_the_owner(offline_console: Console, path: str) -> None:
    await offline_console.log_in()
    async with offline_console.client.get(path) as response:
        assert response.status == 200


async def test_who_is_invited_sets_a_password_once_and_is_logged_in(offline_console: Console) -> None:
    await offline_console.log_in()
    status, page = await invite(offline_console)
    link = link_in(page)
    offline_console.client.session.cookie_jar.clear()

    assert status == 200
    assert [await open_link(offline_console.client, link) for _ in range(2)] == [303, 410]
    assert (await log_in(offline_console, "vera@shop.example", NEW))[0] == 303
    assert actions(offline_console) == ["login", "user.invite", "user.accept", "login", "login"]


async def test_who_is_reset_is_asked_for_codes_until_the_link_is_used(offline_console: Console) -> None:
    tables = tables_of(offline_console)
    vera = make_account("viewer", id="vera", totp_sealed=b"sealed", password_hash="$argon2id$old")
    tables.accounts["vera"] = vera
    await offline_console.log_in()
    link = link_in((await send(offline_console, "/users/vera/reset"))[1])
    reset = tables.accounts["vera"]
    offline_console.client.session.cookie_jar.clear()

    assert await open_link(offline_console.client, link) == 303
    accepted = tables.accounts["vera"]
    assert (reset.totp_sealed, reset.password_hash) == (b"sealed", "$argon2id$old")
    assert accepted.totp_sealed is None
    assert accepted.password_hash not in (None, "$argon2id$old")


async def test_the_table_holds_no_link_and_no_password(offline_console: Console) -> None:
    await offline_console.log_in()
    link = link_in((await invite(offline_console))[1])
    token = read_token(link.rpartition("/")[2])
    (invitation,) = tables_of(offline_console).invitations.values()
    await open_link(offline_console.client, link)

    assert token
    assert invitation.digest == digest_of(token)
    hashes = [account.password_hash for account in tables_of(offline_console).accounts.values()]
    assert [text[:9] for text in hashes if text] == ["$argon2id"]


async def test_an_invitation_is_too_old_after_48_hours() -> None:
    now = [NOW]
    async with run_console(make_settings(), MemoryTables(), now=lambda: now[0]) as console:
        await console.log_in()
        link = link_in((await invite(console))[1])
        now[0] = NOW + timedelta(hours=48)
        console.client.session.cookie_jar.clear()
        assert await open_link(console.client, link) == 410
        now[0] = NOW + timedelta(hours=48) - timedelta(seconds=1)
        assert await open_link(console.client, link) == 303


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"login": ""}, 422, "A login name has"),
        ({"login": "two words"}, 422, "A login name has"),
        ({"login": "OWNER"}, 409, "There is a user with this login name"),
        ({"name": " "}, 422, "A name has"),
        ({"role": "king"}, 422, "Choose a role"),
        ({"role": "affiliate"}, 422, "Say which affiliate"),
        ({"role": "affiliate", "affiliate_id": "A B"}, 422, "The id of an affiliate"),
    ],
)
async def test_an_invitation_that_makes_no_sense_is_refused_with_what_to_do(
    offline_console: Console, fields: Mapping[str, str], status: int, words: str
) -> None:
    await offline_console.log_in()
    refused, page = await invite(offline_console, **fields)

    assert refused == status
    assert words in page.replace("&#39;", "'")
    assert len(tables_of(offline_console).accounts) == 1


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/users", {"name": "Eve", "login": "eve", "role": "owner"}),
        ("/users/owner/role", {"role": "viewer"}),
        ("/users/admin/role", {"role": "owner"}),
        ("/users/owner/disable", {}),
        ("/users/owner/sessions", {}),
        ("/users/owner/reset", {}),
    ],
)
async def test_an_admin_changes_no_owner_and_makes_none(
    offline_console: Console, path: str, fields: Mapping[str, str]
) -> None:
    await offline_console.log_in("admin")
    before = dict(tables_of(offline_console).accounts)
    status, page = await send(offline_console, path, **fields)

    assert (status, "Only an owner may" in page) == (403, True)
    assert tables_of(offline_console).accounts == before


@pytest.mark.parametrize(("path", "fields"), [("role", {"role": "admin"}), ("disable", {})])
async def test_the_last_owner_stays_the_owner(offline_console: Console, path: str, fields: Mapping[str, str]) -> None:
    await offline_console.log_in()
    status, page = await send(offline_console, f"/users/owner/{path}", **fields)
    assert (status, "This is the last owner" in page) == (409, True)

    other = make_account("owner", id="second", login="second", password_hash="$argon2id$")
    tables_of(offline_console).accounts["second"] = other
    assert (await send(offline_console, f"/users/owner/{path}", **fields))[0] == 303


@pytest.mark.parametrize(("path", "fields"), [("disable", {}), ("sessions", {}), ("role", {"role": "editor"})])
async def test_what_ends_a_users_sessions_ends_them_at_every_process(path: str, fields: Mapping[str, str]) -> None:
    tables = MemoryTables()
    async with run_console(make_settings(), tables) as here, run_console(make_settings(), tables) as there:
        token = await there.begin_session("viewer")
        cookies = {SESSION_COOKIE: token}
        async with there.client.get("/account", cookies=cookies, allow_redirects=False) as response:
            assert response.status == 200
        await here.log_in()
        assert (await send(here, f"/users/viewer/{path}", **fields))[0] == 303
        # As after the half second for which a session is not looked up again.
        there.environment.login.sessions.forget()
        async with there.client.get("/account", cookies=cookies, allow_redirects=False) as response:
            assert response.status == 303


async def test_a_disabled_user_cannot_log_in_and_can_again_when_enabled(offline_console: Console) -> None:
    hashed = await offline_console.environment.login.password_queue.hash(NEW)
    tables_of(offline_console).accounts["vera"] = make_account("viewer", id="vera", login="vera", password_hash=hashed)
    await offline_console.log_in()
    statuses = []
    for change in ("disable", "enable"):
        await send(offline_console, f"/users/vera/{change}")
        statuses.append((await log_in(offline_console, "vera", NEW))[0])
        await offline_console.log_in()

    assert statuses == [403, 303]


async def test_the_owner_has_the_password_of_the_setting_until_they_set_another(offline_console: Console) -> None:
    await offline_console.log_in()
    status, place = await send(offline_console, "/account/password", current=PASSWORD, password=NEW, repeated=NEW)

    assert (status, place) == (303, "/account?done=password")
    assert (await log_in(offline_console, "owner", PASSWORD))[0] == 403
    assert (await log_in(offline_console, "owner", NEW))[0] == 303


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"current": "wrong"}, 403, "not your password of now"),
        ({"password": "short", "repeated": "short"}, 422, "8 characters or more"),
        ({"password": "password1", "repeated": "password1"}, 422, "well-known password"),
        ({"repeated": "another one"}, 422, "not the same"),
    ],
)
async def test_a_password_that_cannot_be_set_is_refused(
    offline_console: Console, fields: Mapping[str, str], status: int, words: str
) -> None:
    await offline_console.log_in()
    known = {"current": PASSWORD, "password": NEW, "repeated": NEW}
    refused, page = await send(offline_console, "/account/password", **known | fields)

    assert (refused, words in page) == (status, True)
    assert (await log_in(offline_console, "owner", PASSWORD))[0] == 303


async def test_another_password_ends_all_other_sessions(offline_console: Console) -> None:
    await offline_console.log_in()
    kept = {cookie.key: cookie.value for cookie in offline_console.client.session.cookie_jar}
    await offline_console.log_in()
    await send(offline_console, "/account/password", current=PASSWORD, password=NEW, repeated=NEW)

    assert len(tables_of(offline_console).sessions) == 1
    async with offline_console.client.get("/account", allow_redirects=False) as response:
        assert response.status == 200
    offline_console.client.session.cookie_jar.clear()
    async with offline_console.client.get("/account", cookies=kept, allow_redirects=False) as response:
        assert response.status == 303


async def test_one_ends_ones_own_sessions_and_no_others(offline_console: Console) -> None:
    await offline_console.begin_session("viewer")
    ((other, _),) = tables_of(offline_console).sessions.items()
    await offline_console.log_in()
    first = next(key for key in tables_of(offline_console).sessions if key != other)
    await offline_console.log_in()

    assert (await send(offline_console, f"/account/sessions/{other.hex()}/end"))[0] == 404
    assert (await send(offline_console, f"/account/sessions/{first.hex()}/end"))[0] == 303
    assert first not in tables_of(offline_console).sessions
    assert other in tables_of(offline_console).sessions
    assert actions(offline_console)[-1] == "session.end"


SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
RECOVERY = write_recovery_code(b"0123456789")


async def give_codes(console: Console, role: Role = "viewer") -> None:
    """Give a user, whose login name is the role, a password and codes."""
    login = console.environment.login
    account = make_account(role, password_hash=await login.password_queue.hash(NEW))
    sealed = seal_secret(login.seal_key, account.id, SECRET)
    tables_of(console).accounts[account.id] = msgspec.structs.replace(account, totp_sealed=sealed)
    digest = digest_recovery_code(RECOVERY)
    assert digest
    tables_of(console).recovery.add((account.id, digest))


async def ask_for_code(console: Console) -> str:
    """Give the right password, and what the form then holds."""
    status, page = await log_in(console, "viewer", NEW)
    found = re.search(r'name="pending" value="([^"]+)"', page)
    assert status == 200
    assert found
    return found[1]


async def send_code(console: Console, pending: str, code: str) -> int:
    async with console.client.post(
        "/login", data={"pending": pending, "code": code}, allow_redirects=False
    ) as response:
        return response.status


async def test_a_code_is_asked_for_after_the_password_and_taken_once() -> None:
    async with run_console(make_settings(), MemoryTables(), now=lambda: NOW) as console:
        await give_codes(console)
        code, pending = pyotp.TOTP(SECRET).at(NOW), await ask_for_code(console)
        assert await send_code(console, pending, "000000") == 403
        assert await send_code(console, pending, code) == 303
        assert await send_code(console, pending, code) == 403

        assert actions(console) == ["login.fail", "login", "login.fail"]


@pytest.mark.parametrize(("steps", "status"), [(-2, 403), (-1, 303), (1, 303), (2, 403)])
async def test_codes_of_one_step_before_and_after_are_taken(steps: int, status: int) -> None:
    async with run_console(make_settings(), MemoryTables(), now=lambda: NOW) as console:
        await give_codes(console)

        code = pyotp.TOTP(SECRET).at(NOW + timedelta(seconds=30 * steps))
        assert await send_code(console, await ask_for_code(console), code) == status


async def test_a_recovery_code_lets_in_once_also_when_codes_were_guessed_too_often() -> None:
    async with run_console(make_settings(), MemoryTables(), now=lambda: NOW) as console:
        await give_codes(console)
        pending = await ask_for_code(console)
        guesses = [await send_code(console, pending, f"00000{number}") for number in range(CODES.guesses + 1)]

        assert guesses == [403] * CODES.guesses + [429]
        assert await send_code(console, pending, pyotp.TOTP(SECRET).at(NOW)) == 429
        assert [await send_code(console, pending, RECOVERY.upper()) for _ in range(2)] == [303, 403]


@pytest.mark.parametrize("pending", ["", "viewer", "viewer.9999999999.00", "owner.1.x", "💣.1.1", "viewer.1.\ud800"])
async def test_a_code_without_the_password_before_it_opens_nothing(offline_console: Console, pending: str) -> None:
    await give_codes(offline_console)
    code = pyotp.TOTP(SECRET).at(offline_console.environment.now())

    assert await send_code(offline_console, pending.encode("utf-8", "replace").decode(), code) == 403
    assert tables_of(offline_console).sessions == {}


async def test_the_step_between_password_and_code_lasts_five_minutes() -> None:
    now = [NOW]
    async with run_console(make_settings(), MemoryTables(), now=lambda: now[0]) as console:
        await give_codes(console)
        pending = await ask_for_code(console)
        now[0] = NOW + timedelta(minutes=5)

        assert await send_code(console, pending, pyotp.TOTP(SECRET).at(now[0])) == 403


@pytest.mark.parametrize("login", ["owner", "viewer", "nobody", "two words", "", "x" * 5000])
async def test_a_guess_costs_one_hash_whoever_is_guessed_at(offline_console: Console, login: str) -> None:
    await give_codes(offline_console)
    passwords = offline_console.environment.login.password_queue._passwords
    assert (await log_in(offline_console, login, "wrong"))[0] == 403

    assert passwords.checked == 1
