"""The settings that every service has of Kafka: where it is, and how a connection to it is made safe. Pure."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from runtime.errors import SettingsError
from runtime.secret import Secret
from runtime.settings import variables
from runtime.shared_settings import KafkaBootstrapServers, KafkaTopicPrefix

SecurityProtocol = Annotated[
    Literal["PLAINTEXT", "SSL", "SASL_SSL"],
    Meta(description="plain text within a network one trusts, TLS, or TLS with a password"),
]
CaFile = Annotated[
    str,
    Meta(
        min_length=1,
        description="certificates (PEM) that Kafka's is verified by, instead of the system's own",
        examples=["/etc/clickrail/kafka-ca.pem"],
    ),
]
CertificateFile = Annotated[
    str,
    Meta(
        min_length=1,
        description="certificate (PEM, with its chain) that we show to Kafka, where it asks for one",
        examples=["/etc/clickrail/kafka.pem"],
    ),
]
KeyFile = Annotated[
    str,
    Meta(
        min_length=1,
        description="the key (PEM, not encrypted) of that certificate",
        examples=["/etc/clickrail/kafka-key.pem"],
    ),
]
SaslMechanism = Annotated[
    Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], Meta(description="how the password is proven, with `SASL_SSL`")
]
SaslUsername = Annotated[str, Meta(min_length=1, description="who we are, with `SASL_SSL`", examples=["clickrail"])]
SaslPassword = Annotated[Secret, Meta(description="the password, with `SASL_SSL`")]


class KafkaSettings(msgspec.Struct, frozen=True, kw_only=True, rename=variables("")):
    """Read from `CLICKRAIL_KAFKA_*`; the Settings of a service extend it."""

    kafka_bootstrap_servers: KafkaBootstrapServers
    kafka_topic_prefix: KafkaTopicPrefix = ""
    kafka_security_protocol: SecurityProtocol = "PLAINTEXT"
    kafka_ssl_ca_file: CaFile | None = None
    kafka_ssl_certificate_file: CertificateFile | None = None
    kafka_ssl_key_file: KeyFile | None = None
    kafka_sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    kafka_sasl_username: SaslUsername | None = None
    kafka_sasl_password: SaslPassword | None = None

    def __post_init__(self) -> None:
        for field, reason in problems(self):
            raise SettingsError(f"CLICKRAIL_{field.upper()}: {reason}")


def problems(settings: KafkaSettings) -> list[tuple[str, str]]:
    """Give the fields that do not go together with the others, each with the reason."""
    tls = settings.kafka_security_protocol != "PLAINTEXT"
    sasl = settings.kafka_security_protocol == "SASL_SSL"
    username, password = settings.kafka_sasl_username, settings.kafka_sasl_password
    certificate, key = settings.kafka_ssl_certificate_file, settings.kafka_ssl_key_file
    rules = (
        (not sasl and (username or password), "kafka_security_protocol", "a password is only sent over SASL_SSL"),
        (
            not tls and (settings.kafka_ssl_ca_file or certificate or key),
            "kafka_security_protocol",
            "not TLS, but its files are given",
        ),
        (sasl and not username, "kafka_sasl_username", "needed with SASL_SSL"),
        (sasl and not password, "kafka_sasl_password", "needed with SASL_SSL"),
        (key and not certificate, "kafka_ssl_certificate_file", "a key is nothing without its certificate"),
        (certificate and not key, "kafka_ssl_key_file", "a certificate is nothing without its key"),
    )
    return [(field, reason) for wrong, field, reason in rules if wrong]
