"""Settings that are half there, unsafe or contradictory end the start with one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.auth.oidc.settings import OidcSettings, read_oidc
from console.settings import Settings
from runtime.errors import SettingsError
from runtime.secret import Secret
from runtime.settings import load
from tests.console.test_settings import LEAST

ISSUER = "https://login.shop.example/realms/shop"
WHOLE = LEAST | {
    "CLICKRAIL_CONSOLE_URL": "https://shop.example/ops/",
    "CLICKRAIL_CONSOLE_OIDC_ISSUER": ISSUER,
    "CLICKRAIL_CONSOLE_OIDC_CLIENT_ID": "clickrail",
    "CLICKRAIL_CONSOLE_OIDC_CLIENT_SECRET": "open sesame",
}
EVERYBODY = "whoever has an account at the provider would see all clicks"


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in WHOLE.items() if key != f"CLICKRAIL_CONSOLE_{name}"}


def half_set(missing: str, known: str) -> str:
    prefix = "CLICKRAIL_CONSOLE_"
    return f"{prefix}{missing}: is not set, but {prefix}{known} is: OpenID Connect needs both"


def test_without_settings_there_is_no_provider() -> None:
    assert read_oidc(load(Settings, LEAST)) is None


def test_the_least_settings_let_in_who_was_invited_and_nobody_else() -> None:
    assert read_oidc(load(Settings, WHOLE)) == OidcSettings(
        issuer=ISSUER,
        client_id="clickrail",
        client_secret=Secret("open sesame"),
        redirect_uri="https://shop.example/ops/login/oidc/callback",
        scopes=("openid", "email", "profile"),
        name="single sign-on",
        email_domains=(),
        new_users=None,
        verified_claim="email_verified",
    )


def test_the_secret_is_read_from_a_file_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("open sesame\n")
    file = {"CLICKRAIL_CONSOLE_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret")}
    settings = load(Settings, without("OIDC_CLIENT_SECRET") | file)

    assert settings.oidc_client_secret is not None
    assert settings.oidc_client_secret.reveal() == "open sesame"
    assert "sesame" not in repr(settings) + repr(read_oidc(settings))


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        (without("OIDC_ISSUER"), half_set("OIDC_ISSUER", "OIDC_CLIENT_ID")),
        (without("OIDC_CLIENT_ID"), half_set("OIDC_CLIENT_ID", "OIDC_ISSUER")),
        (without("OIDC_CLIENT_SECRET"), half_set("OIDC_CLIENT_SECRET", "OIDC_ISSUER")),
        (
            without("URL"),
            "CLICKRAIL_CONSOLE_URL: is not set: OpenID Connect needs it, for the way back from the provider",
        ),
        (
            WHOLE | {"CLICKRAIL_CONSOLE_OIDC_NEW_USERS": "viewer"},
            "CLICKRAIL_CONSOLE_OIDC_NEW_USERS: needs CLICKRAIL_CONSOLE_OIDC_EMAIL_DOMAINS: " + EVERYBODY,
        ),
        (
            LEAST | {"CLICKRAIL_CONSOLE_PASSWORD_LOGIN": "owners"},
            "CLICKRAIL_CONSOLE_PASSWORD_LOGIN: needs CLICKRAIL_CONSOLE_OIDC_ISSUER: only owners could log in",
        ),
        (
            LEAST | {"CLICKRAIL_CONSOLE_OIDC_NEW_USERS": "viewer"},
            "CLICKRAIL_CONSOLE_OIDC_NEW_USERS: needs CLICKRAIL_CONSOLE_OIDC_ISSUER",
        ),
        (
            LEAST | {"CLICKRAIL_CONSOLE_OIDC_EMAIL_DOMAINS": "shop.example"},
            "CLICKRAIL_CONSOLE_OIDC_EMAIL_DOMAINS: needs CLICKRAIL_CONSOLE_OIDC_ISSUER",
        ),
    ],
)
def test_settings_that_are_half_there_are_refused(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(Settings, environ)

    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("OIDC_ISSUER", "http://login.shop.example", "is sent without encryption: use https"),
        ("OIDC_ISSUER", "http://127.0.0.1.evil.example", "is sent without encryption"),
        ("OIDC_ISSUER", "login.shop.example", "is not a URL"),
        ("OIDC_ISSUER", "https://", "is not a URL"),
        ("OIDC_ISSUER", "https://login.shop.example:port", "is not a URL"),
        ("OIDC_ISSUER", "https://login.shop.example/ realm", "is not a URL"),
        ("OIDC_ISSUER", "https://vera:sesame@login.shop.example", "has a user name or a fragment"),
        ("OIDC_ISSUER", "https://login.shop.example#a", "has a user name or a fragment"),
        ("OIDC_ISSUER", "https://login.shop.example?a=b", "has a query"),
        ("OIDC_CLIENT_ID", "", "must be a text"),
        ("OIDC_SCOPES", "email", "must contain openid"),
        ("OIDC_SCOPES", "openid,e mail", "'e mail' is not a scope"),
        ("OIDC_NAME", "", "must be 1 to 40 characters"),
        ("OIDC_NAME", "x" * 41, "must be 1 to 40 characters"),
        ("OIDC_EMAIL_DOMAINS", "@shop.example", "'@shop.example' is not a domain"),
        ("OIDC_EMAIL_DOMAINS", "Shop.example", "'Shop.example' is not a domain in lower case"),
        ("OIDC_EMAIL_DOMAINS", "*.shop.example", "is not a domain"),
        ("OIDC_NEW_USERS", "admin", "must be `refused` or `viewer` or `editor`"),
        ("PASSWORD_LOGIN", "nobody", "must be `everybody` or `owners`"),
    ],
)
def test_values_that_are_none_are_refused(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError, match=f"^CLICKRAIL_CONSOLE_{name}: ") as refused:
        load(Settings, WHOLE | {f"CLICKRAIL_CONSOLE_{name}": value})

    assert words in str(refused.value)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8080/realms/a", "http://localhost:8080", "http://[::1]:8080/"])
def test_a_provider_on_this_machine_needs_no_encryption(issuer: str) -> None:
    settings = load(Settings, WHOLE | {"CLICKRAIL_CONSOLE_OIDC_ISSUER": issuer})

    assert settings.oidc_issuer == issuer


START = "import sys; sys.modules['joserfc'] = None; import runpy; runpy.run_module('console', run_name='__main__')"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environ", "code", "sentence"),
    [
        (without("OIDC_CLIENT_SECRET"), "", "CLICKRAIL_CONSOLE_OIDC_CLIENT_SECRET: is not set, but "),
        (WHOLE, START, "CLICKRAIL_CONSOLE_OIDC_ISSUER: joserfc is missing: install clickrail[oidc]"),
    ],
    ids=["half set", "without the extra"],
)
def test_the_process_ends_with_one_sentence_and_code_2(environ: dict[str, str], code: str, sentence: str) -> None:
    start = ("-c", code) if code else ("-m", "console")
    ports = {"CLICKRAIL_CONSOLE_PORT": "0", "CLICKRAIL_CONSOLE_PRIVATE_PORT": "0"}
    known = {name: value for name, value in os.environ.items() if not name.startswith("CLICKRAIL_")}
    done = subprocess.run(
        (sys.executable, *start), env=known | environ | ports, capture_output=True, text=True, check=False
    )
    *_, last = done.stderr.splitlines()

    assert done.returncode == 2
    assert last.startswith(f"clickrail console: {sentence}")
    assert "Traceback" not in done.stderr
