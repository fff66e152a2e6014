"""Passwords for owners only: who still gets in, and what the pages say to all others."""

import msgspec
import pytest
from argon2.low_level import Type, hash_secret

from console.auth.account_tables import Invitation
from console.auth.keys import digest_of
from console.auth.sessions import write_token
from tests.console.auth.oidc.fake_provider import FakeProvider
from tests.console.auth.oidc.round_trip import VERA, come_back, log_in, make_oidc_settings, run_oidc_console
from tests.console.builders import NOW
from tests.console.memory_tables import MemoryTables
from tests.console.running import PASSWORD, Console, make_account, run_console

HASH = hash_secret(b"veras password", b"s" * 16, 1, 8, 1, 32, Type.ID).decode()
OWNERS = {"password_login": "owners"}
WITH_PASSWORD = msgspec.structs.replace(VERA, password_hash=HASH)


async def answer_of(console: Console, login: str, password: str) -> tuple[int, str]:
    data = {"login": login, "password": password}
    async with console.client.post("/login", data=data, allow_redirects=False) as response:
        return response.status, await response.text()


async def test_an_owner_gets_in_with_a_password_also_while_the_provider_is_away(provider: FakeProvider) -> None:
    settings = make_oidc_settings(provider, oidc_issuer="http://127.0.0.1:1", password_login="owners")
    async with run_console(settings, MemoryTables()) as console:
        assert (await answer_of(console, "owner", PASSWORD))[0] == 303
        reply = await come_back(console.client, "/login/oidc")

    assert reply.status == 503
    assert "an owner can log in with a password, or try again in a moment." in reply.text


async def test_another_owner_who_was_invited_gets_in_too(provider: FakeProvider) -> None:
    boss = make_account("owner", id="boss", login="boss@shop.example", password_hash=HASH)
    async with run_oidc_console(provider, boss, changes=OWNERS) as console:
        assert (await answer_of(console, "boss@shop.example", "veras password"))[0] == 303


async def test_nobody_else_gets_in_with_a_password_or_learns_that_it_is_right(provider: FakeProvider) -> None:
    async with run_oidc_console(provider, WITH_PASSWORD, changes=OWNERS) as console:
        right = await answer_of(console, "vera@shop.example", "veras password")
        wrong = await answer_of(console, "vera@shop.example", "another password")
        unknown = await answer_of(console, "nobody@shop.example", "another password")
        assert (await log_in(console.client)).has_session

    assert [status for status, _ in (right, wrong, unknown)] == [403, 403, 403]
    assert all("That is not the password of an owner." in text for _, text in (right, wrong, unknown))


async def test_where_passwords_are_for_everybody_they_go_on_working_beside_the_provider(provider: FakeProvider) -> None:
    async with run_oidc_console(provider, WITH_PASSWORD) as console:
        assert (await answer_of(console, "vera@shop.example", "veras password"))[0] == 303


@pytest.mark.parametrize(("changes", "summary"), [({}, False), (OWNERS, True)], ids=["everybody", "owners"])
async def test_the_login_page_has_the_button_first(
    provider: FakeProvider, changes: dict[str, str], summary: bool
) -> None:
    async with run_oidc_console(provider, changes=changes) as console:
        text = await console.read("/login?next=/clicks%3Fcode%3Da%26b%3Dc")

    assert '<a class="button is-main main with-provider" href="/login/oidc?next=/clicks%3Fcode%3Da%26b%3Dc">' in text
    assert "Log in with Keycloak</a>" in text
    assert ("Owners: with a password" in text) is summary


async def test_without_a_provider_the_login_page_has_no_button_and_no_way_to_one(offline_console: Console) -> None:
    assert "login/oidc" not in await offline_console.read("/login")
    for path in ("/login/oidc", "/login/oidc/callback?code=c&state=s"):
        async with offline_console.client.get(path, allow_redirects=False) as response:
            assert response.status == 404


async def test_an_invitation_to_set_a_password_leads_to_the_provider_instead(provider: FakeProvider) -> None:
    token = b"t" * 32
    link = f"/invitation/{write_token(token)}"
    async with run_oidc_console(provider, VERA, changes=OWNERS, now=lambda: NOW) as console:
        assert console.tables is not None
        console.tables.invitations[digest_of(token)] = Invitation(digest_of(token), "vera", NOW, NOW.replace(year=2027))
        shown = await come_back(console.client, link)
        data = {"password": "a longer secret", "repeated": "a longer secret"}
        async with console.client.post(link, data=data, allow_redirects=False) as response:
            sent = response.status, await response.text()

    assert (shown.status, sent[0]) == (403, 403)
    assert "Log in with Keycloak, as vera@shop.example." in shown.text
    assert console.tables.accounts["vera"].password_hash is None
