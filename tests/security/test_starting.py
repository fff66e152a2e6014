"""Item 20: what would not be safe does not start, and says so in one line that shows no secret."""

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from docs.generators.settings import SERVICES
from identity.keyfile import create_ring
from identity.keys import KeyRing, KeyRingError
from ingest.settings import Settings
from runtime.errors import SettingsError
from runtime.kafka.settings import KafkaSettings
from runtime.settings import load
from tests.forking import Forker
from tests.identity.builders import known_ring, write_ring
from tests.ingest.test_settings import NEEDED

SESAME = "open-sesame-open-sesame"
KAFKA_USERS = [name for name, settings in SERVICES.items() if issubclass(settings, KafkaSettings)]
NOWHERE = {
    "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "CLICKRAIL_DATABASE_URL": f"postgresql://clickrail:{SESAME}@127.0.0.1:1/clickrail",
    "CLICKRAIL_REDIS_URL": f"rediss://:{SESAME}@127.0.0.1:1/0",
    "CLICKRAIL_PUBLIC_URL": "https://go.shop.example",
    "CLICKRAIL_CONSOLE_PASSWORD": SESAME,
    "CLICKRAIL_CONSOLE_SESSION_SECRET": SESAME * 2,
}
PASSWORD, SESSION_SECRET = "CLICKRAIL_CONSOLE_PASSWORD", "CLICKRAIL_CONSOLE_SESSION_SECRET"
PROTOCOL, CA_FILE = "CLICKRAIL_KAFKA_SECURITY_PROTOCOL", "CLICKRAIL_KAFKA_SSL_CA_FILE"
KEYS, DATABASE, REDIS = "CLICKRAIL_KEYS_FILE", "CLICKRAIL_DATABASE_URL", "CLICKRAIL_REDIS_URL"
KAFKA_USER = {"CLICKRAIL_KAFKA_SASL_USERNAME": "clickrail", "CLICKRAIL_KAFKA_SASL_PASSWORD": SESAME}
UNVERIFIED = [
    "ssl_cert_reqs=none",
    "ssl_cert_reqs=None",
    "ssl%5Fcert_reqs=none",
    "db=1&ssl_check_hostname=false",
    "ssl_check_hostname=0",
    "ssl_cert_reqs=none&ssl_cert_reqs=required",
]


def write_keys(path: Path, change: Mapping[str, object]) -> None:
    """Write a key ring whose first key differs in these fields, as somebody might who makes one by hand."""
    create_ring(path, known_ring())
    content = msgspec.json.decode(path.read_bytes())
    content["keys"][0] |= change
    path.write_bytes(msgspec.json.encode(content))


async def start(forker: Forker, service: str, environ: Mapping[str, str | None]) -> tuple[int, str]:
    """Start a service; give its exit code and all it says, but for the line that says what starts."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLICKRAIL_")}
    given = {name: value for name, value in environ.items() if value is not None}
    code, output, errors = await forker.run_module(service, inherited | given)
    lines = (output + errors).splitlines(keepends=True)
    return code, "".join(line for line in lines if '"event": "starting"' not in line)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("service", "name", "value"),
    [
        ("ingest", DATABASE, None),
        ("ingest", KEYS, None),
        ("ingest", KEYS, "/nowhere/keys.json"),
        ("enricher", KEYS, None),
        ("enricher", KEYS, "/nowhere/keys.json"),
        ("sink", DATABASE, None),
        ("settler", DATABASE, None),
        ("settler", DATABASE, f"postgresql://clickrail:{SESAME}@127.0.0.1:1/clickrail?sslmode=require"),
        ("console", DATABASE, None),
        ("console", PASSWORD, None),
        ("console", PASSWORD, ""),
        ("console", PASSWORD, "sesame"),
        ("console", PASSWORD, "changeme"),
        ("console", SESSION_SECRET, "sesame"),
        ("ingest", REDIS, f"rediss://:{SESAME}@127.0.0.1:1/0?ssl_cert_reqs=none"),
        ("ingest", DATABASE, f"postgresql://clickrail:{SESAME}@127.0.0.1:1/clickrail?sslmode=require"),
        ("sink", DATABASE, f"postgresql://clickrail:{SESAME}@127.0.0.1:1/clickrail?sslmode=prefer"),
        ("console", DATABASE, f"postgresql://clickrail:{SESAME}@127.0.0.1:1/clickrail?sslmode=allow"),
    ],
)
async def test_item_20_without_a_good_secret_a_service_does_not_start_and_says_which(
    forker: Forker, service: str, name: str, value: str | None, tmp_path: Path
) -> None:
    create_ring(tmp_path / "keys.json", known_ring())
    more = {KEYS: str(tmp_path / "keys.json"), "CLICKRAIL_INGEST_DATA_DIR": str(tmp_path)}
    code, said = await start(forker, service, {**NOWHERE, **more, name: value})
    assert code == 2
    assert said.startswith(f"clickrail {service}: {name}: ")
    assert said.count("\n") == 1
    assert "sesame" not in said


@pytest.mark.processes
@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({PROTOCOL: "SASL_PLAINTEXT", **KAFKA_USER}, PROTOCOL),
        ({PROTOCOL: "SSL", CA_FILE: "/nowhere/sesame.crt"}, CA_FILE),
    ],
    ids=["a password in plain text", "an authority that is not there"],
)
@pytest.mark.parametrize("service", KAFKA_USERS)
async def test_item_20_with_kafka_not_safe_a_service_does_not_start_and_says_why(
    forker: Forker, service: str, given: Mapping[str, str], named: str, tmp_path: Path
) -> None:
    create_ring(tmp_path / "keys.json", known_ring())
    more = {KEYS: str(tmp_path / "keys.json"), "CLICKRAIL_INGEST_DATA_DIR": str(tmp_path)}
    code, said = await start(forker, service, {**NOWHERE, **more, **given})
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith(f"clickrail {service}: {named}: ")
    assert SESAME not in said


@pytest.mark.processes
@pytest.mark.parametrize(
    ("scheme", "option"),
    [
        ("rediss", "ssl_ca_certs"),
        ("rediss", "ssl_ca_path"),
        ("rediss", "ssl_certfile"),
        ("rediss", "ssl_keyfile"),
        ("redis", "ssl_ca_certs"),
    ],
)
async def test_item_20_with_redis_over_tls_that_cannot_be_used_ingest_does_not_start_and_says_why(
    forker: Forker, scheme: str, option: str, tmp_path: Path
) -> None:
    create_ring(tmp_path / "keys.json", known_ring())
    redis = f"{scheme}://:{SESAME}@127.0.0.1:1/0?{option}=/nowhere/sesame"
    more = {KEYS: str(tmp_path / "keys.json"), "CLICKRAIL_INGEST_DATA_DIR": str(tmp_path), REDIS: redis}
    code, said = await start(forker, "ingest", {**NOWHERE, **more})
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith(f"clickrail ingest: {REDIS}: {option} ")
    assert "sesame" not in said


@pytest.mark.processes
@pytest.mark.parametrize(
    ("change", "mode"),
    [
        ({"secret": base64.b64encode(b"sesame").decode()}, 0o600),
        ({"secret": base64.b64encode(bytes(32)).decode()}, 0o600),
        ({"secret": None}, 0o600),
        ({}, 0o644),
    ],
    ids=["short", "not random", "absent", "read by all"],
)
@pytest.mark.parametrize("service", ["ingest", "enricher"])
async def test_item_20_with_a_bad_key_ring_a_service_does_not_start_and_says_why(
    forker: Forker, service: str, change: Mapping[str, object], mode: int, tmp_path: Path
) -> None:
    path = tmp_path / "keys.json"
    write_keys(path, change)
    path.chmod(mode)
    more = {KEYS: str(path), "CLICKRAIL_INGEST_DATA_DIR": str(tmp_path)}
    code, said = await start(forker, service, {**NOWHERE, **more})
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith(f"clickrail {service}: {KEYS}: {path}: ")
    assert "c2VzYW1l" not in said


def test_item_20_no_key_ring_of_too_little_secrecy_is_even_written(tmp_path: Path) -> None:
    first, *others = known_ring().keys
    for secret in (bytes(32), b"sesame" * 6, others[0].secret):
        weak = KeyRing(version=1, keys=(msgspec.structs.replace(first, secret=secret), *others))
        with pytest.raises(KeyRingError, match=r"not random|the same secret|not written"):
            write_ring(tmp_path / "keys.json", weak)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", UNVERIFIED)
def test_item_20_tls_that_is_not_verified_is_refused(options: str) -> None:
    with pytest.raises(SettingsError, match=f"^{REDIS}: TLS that accepts any certificate") as refused:
        load(Settings, NEEDED | {REDIS: f"rediss://:sesame@redis.example/0?{options}"})
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize("url", ["rediss://:none@redis.example/0?ssl_cert_reqs=required", "redis://redis.example/0"])
def test_item_20_tls_that_is_verified_and_none_at_all_are_the_operators_choice(url: str) -> None:
    assert load(Settings, NEEDED | {REDIS: url}).redis_url is not None


@pytest.mark.parametrize("service", SERVICES)
def test_item_20_settings_show_no_secret(service: str) -> None:
    more = {KEYS: "keys.json", "CLICKRAIL_INGEST_DATA_DIR": "data", PROTOCOL: "SASL_SSL"}
    settings: Any = load(SERVICES[service], {**NOWHERE, **KAFKA_USER, **more})
    if service in KAFKA_USERS:
        assert settings.kafka_sasl_password.reveal() == SESAME
    for shown in (
        repr(settings),
        str(settings),
        f"{settings}",
        *(f"{value} {value!r}" for value in settings.__struct_fields__),
    ):
        assert SESAME not in shown
    for name in settings.__struct_fields__:
        assert SESAME not in f"{getattr(settings, name)} {getattr(settings, name)!r}"


def test_item_20_a_key_ring_shows_no_secret() -> None:
    ring = known_ring()
    shown = f"{ring} {ring!r} {ring.keys[0]}"
    assert [key for key in ring.keys if key.secret and repr(bytes(key.secret)) in shown] == []
