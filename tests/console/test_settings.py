"""Settings: what is refused, and that nothing secret is shown."""

import pytest

from console.settings import Settings
from runtime.errors import SettingsError
from runtime.settings import load

LEAST = {
    "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
    "CLICKRAIL_DATABASE_URL": "postgresql://clickrail:hunter2@db/clickrail",
    "CLICKRAIL_CONSOLE_PASSWORD": "correct horse",
}


def test_the_least_settings_are_enough() -> None:
    settings = load(Settings, LEAST)

    assert (settings.port, settings.private_port, settings.session_hours) == (8081, 9140, 12)


def test_settings_show_no_secret() -> None:
    shown = repr(load(Settings, LEAST | {"CLICKRAIL_CONSOLE_SESSION_SECRET": "s" * 32}))

    assert [secret for secret in ("hunter2", "correct horse", "ssss") if secret in shown] == []


@pytest.mark.parametrize("password", ["", "short", "7 chars", "password", "ChangeMe", "Clickrail", "12345678"])
def test_a_password_that_anybody_can_guess_is_refused_and_not_printed(password: str) -> None:
    with pytest.raises(SettingsError, match="CLICKRAIL_CONSOLE_PASSWORD") as refused:
        load(Settings, LEAST | {"CLICKRAIL_CONSOLE_PASSWORD": password})

    assert not password or f"`{password}`" not in str(refused.value)


def test_a_missing_password_is_named() -> None:
    with pytest.raises(SettingsError, match=r"CLICKRAIL_CONSOLE_PASSWORD.*8 characters"):
        load(Settings, {name: value for name, value in LEAST.items() if "PASSWORD" not in name})


def test_a_short_session_secret_is_refused() -> None:
    with pytest.raises(SettingsError, match="CLICKRAIL_CONSOLE_SESSION_SECRET"):
        load(Settings, LEAST | {"CLICKRAIL_CONSOLE_SESSION_SECRET": "x" * 31})
