"""What the settings of Kafka demand of each other."""

import pytest

from docs.generators.settings import SERVICES
from runtime.errors import SettingsError
from runtime.kafka.settings import KafkaSettings
from runtime.settings import load

USERS = ("ingest", "enricher", "sink", "console")
SERVERS = {"CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092"}
PROTOCOL = "CLICKRAIL_KAFKA_SECURITY_PROTOCOL"
CA, CERTIFICATE, KEY = (f"CLICKRAIL_KAFKA_SSL_{name}_FILE" for name in ("CA", "CERTIFICATE", "KEY"))
MECHANISM, USERNAME, PASSWORD = (f"CLICKRAIL_KAFKA_SASL_{name}" for name in ("MECHANISM", "USERNAME", "PASSWORD"))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({PROTOCOL: "SASL_PLAINTEXT", USERNAME: "u", PASSWORD: "sesame"}, PROTOCOL),
        ({PROTOCOL: "tls"}, PROTOCOL),
        ({PASSWORD: "sesame"}, PROTOCOL),
        ({USERNAME: "u"}, PROTOCOL),
        ({PROTOCOL: "SSL", USERNAME: "u", PASSWORD: "sesame"}, PROTOCOL),
        ({CA: "/ca"}, PROTOCOL),
        ({CERTIFICATE: "/certificate", KEY: "/key"}, PROTOCOL),
        ({PROTOCOL: "SASL_SSL", PASSWORD: "sesame"}, USERNAME),
        ({PROTOCOL: "SASL_SSL", USERNAME: "u"}, PASSWORD),
        ({PROTOCOL: "SASL_SSL", USERNAME: "u", PASSWORD: ""}, PASSWORD),
        ({PROTOCOL: "SASL_SSL", USERNAME: "u", PASSWORD: "sesame", MECHANISM: "GSSAPI"}, MECHANISM),
        ({PROTOCOL: "SSL", KEY: "/key"}, CERTIFICATE),
        ({PROTOCOL: "SSL", CERTIFICATE: "/certificate"}, KEY),
    ],
)
def test_what_does_not_go_together_names_the_setting_and_shows_no_secret(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=f"^{named}: ") as refused:
        load(KafkaSettings, SERVERS | given)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {PROTOCOL: "SSL"},
        {PROTOCOL: "SSL", CA: "/ca", CERTIFICATE: "/certificate", KEY: "/key"},
        {PROTOCOL: "SASL_SSL", USERNAME: "u", PASSWORD: "sesame"},
        {PROTOCOL: "SASL_SSL", USERNAME: "u", PASSWORD: "sesame", MECHANISM: "PLAIN", CA: "/ca"},
    ],
)
def test_settings_that_fit_together_are_accepted(given: dict[str, str]) -> None:
    assert load(KafkaSettings, SERVERS | given).kafka_security_protocol == given.get(PROTOCOL, "PLAINTEXT")


def test_every_service_but_the_settler_has_these_settings() -> None:
    assert {name for name, settings in SERVICES.items() if issubclass(settings, KafkaSettings)} == {*USERS}
    assert {*SERVICES} - {*USERS} == {"settler"}


@pytest.mark.parametrize("service", USERS)
def test_every_service_that_uses_kafka_judges_its_settings(service: str) -> None:
    others = {
        "CLICKRAIL_DATABASE_URL": "postgresql://postgres/d",
        "CLICKRAIL_KEYS_FILE": "/keys",
        "CLICKRAIL_PUBLIC_URL": "https://go.shop.example",
        "CLICKRAIL_INGEST_DATA_DIR": "/data",
        "CLICKRAIL_CONSOLE_PASSWORD": "open-sesame-open",
    }
    with pytest.raises(SettingsError, match=f"^{PROTOCOL}: a password is only sent over SASL_SSL"):
        load(SERVICES[service], SERVERS | others | {PASSWORD: "sesame"})
