"""How Kafka's connections are made safe, from the settings and the files they name."""

import ssl
from pathlib import Path

import pytest

from runtime.errors import SettingsError
from runtime.kafka.security import PLAINTEXT, read_security
from runtime.kafka.settings import KafkaSettings
from runtime.secret import Secret
from tests.security.certificates import make_authority, write_signed


def settings(**given: str) -> KafkaSettings:
    return KafkaSettings(kafka_bootstrap_servers=("kafka:9093",), **{f"kafka_{name}": given[name] for name in given})


def with_password(**given: str) -> KafkaSettings:
    known = {"security_protocol": "SASL_SSL", "sasl_username": "u", "sasl_password": Secret("sesame")}
    return settings(**known | given)


def test_without_settings_a_client_speaks_plain_text_and_knows_no_password() -> None:
    assert read_security(settings()).options() == PLAINTEXT.options()
    assert PLAINTEXT.options() == {"security_protocol": "PLAINTEXT", "ssl_context": None}


def test_tls_always_verifies_the_certificate_and_the_name(tmp_path: Path) -> None:
    authority = make_authority("authority").write(tmp_path / "authority.crt")
    for given in ({"security_protocol": "SSL"}, {"security_protocol": "SSL", "ssl_ca_file": str(authority)}):
        context = read_security(settings(**given)).options()["ssl_context"].current
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_an_authority_of_ones_own_takes_the_place_of_the_systems(tmp_path: Path) -> None:
    authority = make_authority("authority").write(tmp_path / "authority.crt")
    context = read_security(settings(security_protocol="SSL", ssl_ca_file=str(authority))).context
    assert context is not None
    assert [dict(pair for (pair,) in one["subject"]) for one in context.current.get_ca_certs()] == [
        {"commonName": "authority"}
    ]


def test_a_client_with_a_password_is_given_it_and_shows_it_to_nobody() -> None:
    security = read_security(with_password(sasl_mechanism="PLAIN"))
    given = security.options()
    assert [given[f"sasl_{name}"] for name in ("mechanism", "plain_username", "plain_password")] == [
        "PLAIN",
        "u",
        "sesame",
    ]
    assert type(given["sasl_plain_password"]) is str
    assert "sesame" not in f"{security} {security!r}"


def test_a_file_that_cannot_be_used_is_named_with_its_setting(tmp_path: Path) -> None:
    authority = make_authority("authority")
    certificate, key = write_signed(authority, tmp_path, "client")
    _, other = write_signed(authority, tmp_path, "other")
    _, locked = write_signed(authority, tmp_path, "locked", encryption="sesame")
    (tmp_path / "text").write_text("no certificate")
    for wrong, said in (
        ({"ssl_ca_file": "/nowhere"}, "CA_FILE: cannot use /nowhere: No such file"),
        ({"ssl_ca_file": str(tmp_path / "text")}, "CA_FILE: cannot use .*/text: "),
        ({"ssl_certificate_file": "/nowhere", "ssl_key_file": str(key)}, "CERTIFICATE_FILE: cannot use /nowhere with "),
        ({"ssl_certificate_file": str(certificate), "ssl_key_file": "/nowhere"}, "CERTIFICATE_FILE: .* /nowhere: No"),
        ({"ssl_certificate_file": str(certificate), "ssl_key_file": str(other)}, "CERTIFICATE_FILE: .*KEY_VALUES"),
        ({"ssl_certificate_file": str(certificate), "ssl_key_file": str(locked)}, "CERTIFICATE_FILE: .*locked.key: "),
    ):
        with pytest.raises(SettingsError, match=f"^CLICKRAIL_KAFKA_SSL_{said}"):
            read_security(settings(security_protocol="SSL", **wrong))
