"""People who log in with a provider, on the pages of users and of one's own account."""

import re

import msgspec

from console.auth.refusals import Refusal
from console.people import rules
from tests.console.auth.oidc.fake_provider import FakeProvider
from tests.console.auth.oidc.round_trip import VERA, log_in, run_oidc_console
from tests.console.auth.test_login import another_browser
from tests.console.builders import NOW
from tests.console.running import Console, make_account

PINNED = msgspec.structs.replace(VERA, oidc_issuer="https://login.shop.example", oidc_subject="f3a1")


async def post(console: Console, path: str, **data: str) -> tuple[int, str]:
    data |= {"csrf": await console.read_csrf()}
    async with console.client.post(path, data=data) as response:
        return response.status, re.sub(r"<[^>]*>", "", await response.text())


async def test_an_owner_forgets_an_account_and_the_next_one_with_the_address_gets_in(
    oidc_console: Console, provider: FakeProvider
) -> None:
    async with another_browser(oidc_console) as vera:
        assert (await log_in(vera)).has_session
        await oidc_console.log_in()
        page = await oidc_console.read("/users")
        assert re.search(r"active</span><small>Keycloak</small>", page)
        status, text = await post(oidc_console, "/users/vera/forget")

        assert (status, "The account at the provider is forgotten" in text) == (200, True)
        assert "Forget the account of Keycloak" in page
        assert "Forget the account of" not in text
        async with vera.get("/clicks", allow_redirects=False) as response:
            assert response.status == 303
        provider.person["sub"] = "e777"
        assert (await log_in(vera)).has_session
    assert oidc_console.tables is not None
    entry = next(entry for entry in oidc_console.tables.entries if entry.action == "user.unlink")
    assert (entry.before, entry.after) == ({"provider": provider.issuer}, {"provider": None})


def test_an_admin_forgets_no_account_of_an_owner() -> None:
    boss = make_account("owner", id="boss", oidc_issuer="https://login.shop.example", oidc_subject="b1")
    by = rules.By(rules.CLI, "admin")

    refused = rules.forget_identity({"boss": boss}, by, "boss", NOW)
    assert isinstance(refused, Refusal)
    assert refused.status == 403
    assert rules.forget_identity({}, by, "nobody", NOW) == rules.UNKNOWN


def test_an_owner_who_has_only_the_provider_is_not_the_last_one_who_can_log_in() -> None:
    owner, boss = make_account("owner"), msgspec.structs.replace(PINNED, id="boss", role="owner")

    assert rules.disable({"owner": owner, "boss": boss}, rules.BY_CLI, "owner", NOW) == rules.LAST_OWNER
    assert not isinstance(rules.disable({"owner": owner, "boss": boss}, rules.BY_CLI, "boss", NOW), Refusal)


async def test_who_is_invited_by_address_is_told_of_the_provider_beside_the_link(oidc_console: Console) -> None:
    await oidc_console.log_in()
    _, address = await post(oidc_console, "/users", login="max@shop.example", name="Max", role="viewer")
    _, name = await post(oidc_console, "/users", login="moritz", name="Moritz", role="viewer")

    assert "Or they log in with Keycloak, as max@shop.example." in address
    assert "Or they log in with Keycloak" not in name


async def test_where_passwords_are_off_there_is_no_link_to_set_one(provider: FakeProvider) -> None:
    async with run_oidc_console(provider, changes={"password_login": "owners"}) as console:
        await console.log_in()
        _, text = await post(console, "/users", login="max@shop.example", name="Max", role="viewer")
        _, owners = await post(console, "/users", login="boss@shop.example", name="Boss", role="owner")

    assert "Max logs in with Keycloak, as max@shop.example." in text
    assert "/invitation/" not in text
    assert "Make another link" not in text
    assert "/invitation/" in owners


async def test_who_has_no_password_is_not_asked_for_one_on_their_own_page(oidc_console: Console) -> None:
    assert (await log_in(oidc_console.client)).has_session
    text = await oidc_console.read("/account")

    assert "You log in with Keycloak, without a password here." in text
    assert 'type="password"' not in text
