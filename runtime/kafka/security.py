"""How our connections to Kafka are made safe: read at the start, handed to every client. Certificates are followed."""

import ssl
from typing import Any, Final

import msgspec

from runtime.errors import SettingsError
from runtime.kafka.settings import KafkaSettings
from runtime.kafka.tls import FollowingContext
from runtime.secret import Secret


class KafkaSecurity(msgspec.Struct, frozen=True, kw_only=True):
    """What a client needs to know. The default is plain text, for a network one trusts."""

    protocol: str = "PLAINTEXT"
    context: FollowingContext | None = None
    mechanism: str | None = None
    username: str | None = None
    password: Secret | None = None

    def options(self) -> dict[str, Any]:
        """Give the arguments of aiokafka's clients. The password is among them: nothing to be logged."""
        sasl = {
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password.reveal() if self.password else None,
        }
        return {
            "security_protocol": self.protocol,
            "ssl_context": self.context,
            **(sasl if self.protocol == "SASL_SSL" else {}),
        }


PLAINTEXT: Final = KafkaSecurity()


def read_security(settings: KafkaSettings) -> KafkaSecurity:
    """Read the files the settings name. Raises SettingsError, naming the one that cannot be used."""
    return KafkaSecurity(
        protocol=settings.kafka_security_protocol,
        context=None if settings.kafka_security_protocol == "PLAINTEXT" else follow_files(settings),
        mechanism=settings.kafka_sasl_mechanism,
        username=settings.kafka_sasl_username,
        password=settings.kafka_sasl_password,
    )


def follow_files(settings: KafkaSettings) -> FollowingContext:
    named = (settings.kafka_ssl_ca_file, settings.kafka_ssl_certificate_file, settings.kafka_ssl_key_file)
    return FollowingContext(lambda: make_context(settings), [file for file in named if file is not None])


def make_context(settings: KafkaSettings) -> ssl.SSLContext:
    """Make what verifies Kafka's certificate and its host name. No setting turns that off."""
    ca, certificate, key = (
        settings.kafka_ssl_ca_file,
        settings.kafka_ssl_certificate_file,
        settings.kafka_ssl_key_file,
    )
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise SettingsError(f"CLICKRAIL_KAFKA_SSL_CA_FILE: {describe(error, ca)}") from None
    if certificate is not None:
        try:
            # Without a password at hand OpenSSL would ask for the one of an encrypted key on the terminal, and wait.
            context.load_cert_chain(certificate, key, password="")
        except OSError as error:
            raise SettingsError(
                f"CLICKRAIL_KAFKA_SSL_CERTIFICATE_FILE: {describe(error, f'{certificate} with {key}')}"
            ) from None
    return context


def describe(error: OSError, path: str | None) -> str:
    # What OpenSSL has to say is a code and a line number; the system's own word is clear.
    said = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return f"cannot use {path}: {said}"
