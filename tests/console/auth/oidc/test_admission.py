"""Who of those that the provider knows is let in, and as whom."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from console.auth.account_tables import Change, Invitation
from console.auth.oidc import admission
from console.auth.oidc.claims import Identity, read_email, read_identity
from console.auth.oidc.settings import OidcSettings
from console.auth.refusals import Refusal
from console.auth.users import OWNER_LOGIN
from runtime.secret import Secret
from tests.console.auth.oidc.fake_provider import FakeProvider
from tests.console.auth.oidc.round_trip import VERA, log_in, run_oidc_console
from tests.console.builders import NOW
from tests.console.running import Console, make_account

ISSUER = "https://login.shop.example"
IDENTITY = Identity(issuer=ISSUER, subject="f3a1", email="vera@shop.example", is_email_verified=True, name="Vera V.")
SETTINGS = OidcSettings(
    issuer=ISSUER,
    client_id="c",
    client_secret=Secret("s"),
    redirect_uri="https://ops/login/oidc/callback",
    name="Keycloak",
)
OPEN = msgspec.structs.replace(SETTINGS, new_users="viewer", email_domains=("shop.example",))


def admit(identity: Identity = IDENTITY, settings: OidcSettings = SETTINGS, **changes: Any) -> Change | Refusal:
    vera = msgspec.structs.replace(VERA, **changes)
    owner = make_account("owner", login=OWNER_LOGIN)
    return admission.admit({"owner": owner, "vera": vera}, identity, settings, "new", NOW)


def refusal_of(identity: Identity = IDENTITY, settings: OidcSettings = SETTINGS, **changes: Any) -> str:
    refused = admit(identity, settings, **changes)
    assert isinstance(refused, Refusal)
    return refused.reason


def changed(**changes: Any) -> Identity:
    return msgspec.structs.replace(IDENTITY, **changes)


def test_the_first_login_pins_the_subject_and_says_so_in_the_audit_log() -> None:
    change = admit()

    assert isinstance(change, Change)
    assert change.account == msgspec.structs.replace(VERA, oidc_issuer=ISSUER, oidc_subject="f3a1")
    assert (change.entry.action, change.entry.actor.id, change.entry.after) == (
        "user.link",
        "vera",
        {"provider": ISSUER},
    )
    assert change.ends_invitations


def test_another_subject_with_the_same_address_is_somebody_else() -> None:
    assert refusal_of(oidc_issuer=ISSUER, oidc_subject="other") == (
        "vera@shop.example logged in here before with another account of Keycloak: an owner or admin has to forget that"
        " one first."
    )


def test_a_subject_of_the_provider_before_this_one_does_not_count() -> None:
    change = admit(oidc_issuer="https://old.example", oidc_subject="other")

    assert isinstance(change, Change)
    assert (change.account.oidc_issuer, change.account.oidc_subject) == (ISSUER, "f3a1")


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        (changed(email=None), "Keycloak does not say your e-mail address"),
        (changed(is_email_verified=False), "Keycloak has not verified your e-mail address, vera@shop.example."),
        (changed(email="nobody@shop.example"), "Nobody with the address nobody@shop.example may log in here"),
        (changed(email="owner@owner"), "Nobody with the address owner@owner may log in here"),
    ],
)
def test_who_is_not_known_by_a_verified_address_is_refused(identity: Identity, words: str) -> None:
    assert refusal_of(identity).startswith(words)


def test_a_disabled_user_is_told_no_more_than_a_stranger() -> None:
    assert refusal_of(disabled_at=NOW).startswith("Nobody with the address vera@shop.example may log in here")
    known = msgspec.structs.replace(VERA, disabled_at=NOW, oidc_issuer=ISSUER, oidc_subject="f3a1")
    refused = admission.check_known(known, IDENTITY, SETTINGS)
    assert refused is not None
    assert refused.reason.startswith("Nobody with the address vera@shop.example may log in here")


def test_a_known_subject_needs_no_address_unless_domains_are_chosen() -> None:
    known = msgspec.structs.replace(VERA, oidc_issuer=ISSUER, oidc_subject="f3a1")

    assert admission.check_known(known, changed(email=None), SETTINGS) is None
    assert admission.check_known(known, changed(email="vera@other.example"), SETTINGS) is None
    assert admission.check_known(known, changed(email=None), OPEN) is not None
    assert admission.check_known(known, changed(email="vera@other.example"), OPEN) is not None
    assert admission.check_known(known, IDENTITY, OPEN) is None


@pytest.mark.parametrize(
    "domain", ["other.example", "shop.example.evil.example", "evilshop.example", "sub.shop.example"]
)
def test_addresses_of_other_domains_are_refused(domain: str) -> None:
    assert refusal_of(changed(email=f"vera@{domain}"), OPEN) == f"Addresses such as vera@{domain} are not let in here."


def test_somebody_new_of_a_chosen_domain_gets_the_chosen_role() -> None:
    change = admit(changed(email="new@shop.example", subject="n1"), OPEN)

    assert isinstance(change, Change)
    account = change.account
    assert (account.id, account.login, account.name, account.role) == ("new", "new@shop.example", "Vera V.", "viewer")
    assert (account.oidc_issuer, account.oidc_subject, account.password_hash) == (ISSUER, "n1", None)
    assert (change.entry.action, change.entry.actor.kind) == ("user.join", "system")


@pytest.mark.parametrize(
    ("given", "email"),
    [
        ("Vera@Shop.Example", "vera@shop.example"),
        ("\u212aate@shop.example", "\u212aate@shop.example"),  # the Kelvin sign, whose lower case is a k
        ("J\u00dcRGEN@shop.example", "j\u00dcrgen@shop.example"),
        ("vera", None),
        ("@shop.example", None),
        ("vera@", None),
        ("vera@a@shop.example", None),
        ("vera @shop.example", None),
        ("vera@shop.example\n", None),
        ("vera@shop.example\0", None),
        ("", None),
        (f"{'v' * 200}@shop.example", None),
        (["vera@shop.example"], None),
        (None, None),
    ],
)
def test_an_address_is_read_as_it_is_but_for_ascii_capitals(given: object, email: str | None) -> None:
    assert read_email(given) == email


@pytest.mark.parametrize(
    ("value", "is_verified"),
    [
        (True, True),
        ("true", True),
        (1, True),
        ("1", True),
        (False, False),
        ("false", False),
        (0, False),
        (None, False),
        ([], False),
        ("yes", False),
    ],
)
def test_only_a_plain_yes_verifies_an_address(value: object, is_verified: bool) -> None:
    claims = {"email": "vera@shop.example", "xms_edov": value, "email_verified": not is_verified}

    assert read_identity(claims, ISSUER, "s", "xms_edov").is_email_verified is is_verified


@pytest.mark.parametrize("name", [None, 7, "", "   ", "\u202eareV", "Ve\0ra"])
def test_a_name_that_is_none_is_none(name: object) -> None:
    assert read_identity({"name": name}, ISSUER, "s", "email_verified").name == ""


# Against the whole console


async def test_an_address_that_is_given_to_somebody_else_is_no_takeover(
    oidc_console: Console, provider: FakeProvider
) -> None:
    assert (await log_in(oidc_console.client)).has_session
    provider.person["sub"] = "e777"
    reply = await log_in(oidc_console.client)

    assert (reply.status, reply.has_session) == (403, False)
    assert "logged in here before with another account of Keycloak" in reply.text
    assert oidc_console.tables is not None
    *_, entry = oidc_console.tables.entries
    assert (entry.action, entry.subject) == ("login.fail", "user vera@shop.example")


async def test_a_subject_whose_address_has_changed_is_the_same_user(
    oidc_console: Console, provider: FakeProvider
) -> None:
    assert (await log_in(oidc_console.client)).has_session
    provider.person |= {"email": "married@shop.example", "email_verified": False}

    assert (await log_in(oidc_console.client)).has_session
    assert oidc_console.tables is not None
    assert len(oidc_console.tables.accounts) == 2


async def test_an_address_that_is_not_verified_lets_nobody_in(oidc_console: Console, provider: FakeProvider) -> None:
    provider.person["email_verified"] = False
    reply = await log_in(oidc_console.client)

    assert (reply.status, reply.has_session) == (403, False)
    assert "Keycloak has not verified your e-mail address, vera@shop.example." in reply.text
    assert oidc_console.tables is not None
    (entry,) = oidc_console.tables.entries
    assert "vera" not in str(entry)


@pytest.mark.parametrize("subject", [None, "f3a1"], ids=["before the first login", "after it"])
async def test_a_disabled_user_is_not_let_in(provider: FakeProvider, subject: str | None) -> None:
    issuer = provider.issuer if subject else None
    disabled = msgspec.structs.replace(VERA, disabled_at=NOW, oidc_issuer=issuer, oidc_subject=subject)
    async with run_oidc_console(provider, disabled) as console:
        reply = await log_in(console.client)

    assert (reply.status, reply.has_session) == (403, False)
    assert "Nobody with the address vera@shop.example may log in here" in reply.text


async def test_codes_of_clickrail_are_not_asked_for(provider: FakeProvider) -> None:
    async with run_oidc_console(provider, msgspec.structs.replace(VERA, totp_sealed=b"sealed")) as console:
        assert (await log_in(console.client)).has_session


async def test_who_has_come_needs_no_invitation_any_more(oidc_console: Console) -> None:
    tables = oidc_console.tables
    assert tables is not None
    tables.invitations[b"l" * 32] = Invitation(b"l" * 32, "vera", NOW, NOW + timedelta(days=2))
    assert tables.accounts["vera"].is_invited
    assert (await log_in(oidc_console.client)).has_session

    assert (tables.invitations, tables.accounts["vera"].is_invited) == ({}, False)


async def test_somebody_new_is_a_viewer_where_that_is_chosen(provider: FakeProvider) -> None:
    changes = {"oidc_new_users": "viewer", "oidc_email_domains": ("shop.example",)}
    async with run_oidc_console(provider, changes=changes) as console:
        assert (await log_in(console.client)).has_session
        assert (await log_in(console.client)).has_session
        assert console.tables is not None
        (new,) = (account for account in console.tables.accounts.values() if account.id != "owner")

    assert (new.login, new.name, new.role, new.oidc_subject) == ("vera@shop.example", "Vera Viewer", "viewer", "f3a1")
    assert [entry.action for entry in console.tables.entries] == ["user.join", "login", "login"]
