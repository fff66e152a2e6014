"""The login with providers that others have written, and that share no code with ours."""

import os
from pathlib import Path
from typing import Final

import pytest

from deploy.local.settings import LocalSettings
from runtime.secret import Secret
from tests.console.auth.oidc.fake_provider import make_first_key, make_key
from tests.console.auth.oidc.others import Certified, pass_pages, run_certified, run_keycloak
from tests.console.auth.oidc.round_trip import VERA, Reply, begin, come_back, run_oidc_console
from tests.console.running import Console

pytestmark = pytest.mark.processes

GIVEN_KEYCLOAK: Final = os.environ.get("CLICKRAIL_TEST_KEYCLOAK")
ADDRESS_OF_VERA: Final = {"email": "Vera@Shop.example", "email_verified": True, "name": "Vera V."}
PEOPLE: Final = {
    "vera": ADDRESS_OF_VERA,
    "impostor": ADDRESS_OF_VERA,
    "unverified": {"email": "vera@shop.example", "email_verified": False},
    "stranger": {"email": "stranger@shop.example", "email_verified": True, "name": "S. Tranger"},
}
SETUPS: Final = {
    "RS256": Certified(keys=(make_first_key(),)),
    "ES256": Certified(keys=(make_key("ES256"),), algorithm="ES256", authentication="client_secret_post"),
    "EdDSA": Certified(keys=(make_key("EdDSA", "e1"),), algorithm="EdDSA", conforms=False),
}


async def log_in_as(console: Console, name: str) -> Reply:
    """Log in at the provider with a name and a password, agree that it tells us who it is, and come back."""
    console.client.session.cookie_jar.clear()
    typed = {"login": name, "username": name, "password": "any"}
    return await come_back(console.client, await pass_pages(await begin(console.client, "/clicks"), typed))


@pytest.mark.parametrize("setup", SETUPS.values(), ids=SETUPS)
async def test_with_a_certified_provider_who_was_invited_logs_in_and_nobody_else(
    setup: Certified, server_settings: LocalSettings, tmp_path: Path
) -> None:
    async with (
        run_certified(setup, PEOPLE, tmp_path, server_settings.cache) as provider,
        run_oidc_console(provider, VERA) as console,
    ):
        replies = {name: await log_in_as(console, name) for name in ("unverified", "stranger", "vera", "impostor")}
        again = await log_in_as(console, "vera")

    assert {name: reply.status for name, reply in replies.items()} == {
        "unverified": 403,
        "stranger": 403,
        "vera": 200,
        "impostor": 403,
    }
    assert [reply.has_session for reply in (*replies.values(), again)] == [False, False, True, False, True]
    assert console.tables is not None
    vera = console.tables.accounts["vera"]
    assert (vera.oidc_issuer, vera.oidc_subject) == (provider.issuer, "vera")


async def test_a_certified_provider_that_does_not_know_our_secret_is_named_as_the_fault(
    server_settings: LocalSettings, tmp_path: Path
) -> None:
    changes = {"oidc_client_secret": Secret("wrong")}
    async with (
        run_certified(SETUPS["RS256"], PEOPLE, tmp_path, server_settings.cache) as provider,
        run_oidc_console(provider, VERA, changes=changes) as console,
    ):
        reply = await log_in_as(console, "vera")

    assert (reply.status, reply.has_session) == (403, False)
    assert "invalid_client" in reply.text


@pytest.mark.skipif(GIVEN_KEYCLOAK is None, reason="CLICKRAIL_TEST_KEYCLOAK names no keycloak-*.zip")
async def test_with_keycloak_who_was_invited_logs_in_and_nobody_else(tmp_path: Path) -> None:
    # Keycloak gives an address to one person only: who has none that is verified takes another.
    unverified = {"email": "vera@other.example", "email_verified": False, "name": "Vera"}
    people = {name: PEOPLE[name] for name in ("vera", "stranger")} | {"unverified": unverified}
    async with (
        run_keycloak(Path(str(GIVEN_KEYCLOAK)), people, tmp_path) as provider,
        run_oidc_console(provider, VERA) as console,
    ):
        replies = {name: await log_in_as(console, name) for name in ("unverified", "stranger", "vera")}
        again = await log_in_as(console, "vera")

    assert {name: reply.status for name, reply in replies.items()} == {"unverified": 403, "stranger": 403, "vera": 200}
    assert again.has_session
    assert console.tables is not None
    vera = console.tables.accounts["vera"]
    assert (vera.oidc_issuer, vera.name) == (provider.issuer, "Vera")
