"""The settings of ingest: each wrong one is named, and no secret is shown."""

import pytest

from ingest.settings import Settings
from runtime.errors import SettingsError
from runtime.settings import load

NEEDED = {
    "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:19092",
    "CLICKRAIL_DATABASE_URL": "postgresql://clickrail:sesame@127.0.0.1/clickrail",
    "CLICKRAIL_REDIS_URL": "redis://:sesame@127.0.0.1:6379/0",
    "CLICKRAIL_KEYS_FILE": "keys.json",
    "CLICKRAIL_INGEST_DATA_DIR": "data",
    "CLICKRAIL_PUBLIC_URL": "https://go.shop.example",
}


def test_what_is_needed_is_enough() -> None:
    settings = load(Settings, NEEDED)
    assert (settings.port, settings.private_port, settings.prefetch, settings.trusted_proxies) == (
        8080,
        9100,
        "refuse",
        (),
    )
    stop = (settings.drain_s, settings.flush_s)
    assert (settings.fallback_url, settings.sync_ms, stop) == (None, 20, (5, 10))


def test_no_secret_is_shown() -> None:
    assert "sesame" not in repr(load(Settings, NEEDED))


@pytest.mark.parametrize("name", [name for name in NEEDED if name != "CLICKRAIL_REDIS_URL"])
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load(Settings, {key: value for key, value in NEEDED.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, nonsense"),
        ("FALLBACK_URL", "javascript:alert(1)"),
        ("FALLBACK_URL", "//evil.example"),
        ("FALLBACK_URL", "https://"),
        ("FALLBACK_URL", "https://user@shop.example/"),
        ("FALLBACK_URL", "https://shop.example/\r\nSet-Cookie: x=1"),
        ("FALLBACK_URL", "https://shop.example/a b"),
        ("FALLBACK_URL", "https://shop.example/ü"),
        ("FALLBACK_URL", ""),
        ("PREFETCH", "ignore"),
        ("FORWARDED_HEADER", "x-real-ip"),
        ("FORWARDED_HEADER", "Forwarded-For"),
        ("PORT", "eighty"),
        ("PRIVATE_PORT", "70000"),
        ("SYNC_MS", "0"),
        ("DRAIN_S", "-1"),
        ("FLUSH_S", "61"),
    ],
)
def test_a_wrong_value_is_refused_and_its_variable_named_once(name: str, value: str) -> None:
    variable = f"CLICKRAIL_INGEST_{name}"
    with pytest.raises(SettingsError) as refused:
        load(Settings, NEEDED | {variable: value})
    assert str(refused.value).startswith(f"{variable}: ")
    assert str(refused.value).count(variable) == 1
    assert "sesame" not in str(refused.value)


def test_a_misspelt_name_is_refused_and_the_nearest_told() -> None:
    with pytest.raises(SettingsError, match="CLICKRAIL_INGEST_TRUSTED_PROXIES"):
        load(Settings, NEEDED | {"CLICKRAIL_INGEST_TRUSTED_PROXY": "10.0.0.0/8"})


def test_the_header_of_proxies_is_x_forwarded_for_unless_told_otherwise() -> None:
    chosen = load(Settings, NEEDED | {"CLICKRAIL_INGEST_FORWARDED_HEADER": "forwarded"})
    assert (load(Settings, NEEDED).forwarded_header, chosen.forwarded_header) == ("x-forwarded-for", "forwarded")


def test_lists_are_split_at_commas() -> None:
    settings = load(Settings, NEEDED | {"CLICKRAIL_INGEST_TRUSTED_PROXIES": "10.0.0.0/8, ::1"})
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")
