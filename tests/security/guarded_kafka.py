"""A real Kafka that asks for TLS: with a password on one port, with a client's certificate on another."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from deploy.local.jars import install_kafka
from deploy.local.kafka import QUICK, STORAGE_TOOL, format_options, java, plan_kafka, render, server_properties
from deploy.local.launch import run_once
from deploy.local.ports import free_port
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from tests.security.certificates import make_authority, write_signed

USERNAME, PASSWORD = "clickrail", "open-sesame-open-sesame"
MODULES = "org.apache.kafka.common.security"


class Guarded(msgspec.Struct, frozen=True):
    """Its addresses; beside them what verifies it, and what it knows its clients by."""

    plain: str
    with_password: str
    with_certificate: str
    authority: Path
    certificate: Path
    key: Path

    def environ(self, mechanism: str = "SCRAM-SHA-512") -> dict[str, str]:
        """Give the variables of a client that comes with the password."""
        return {
            "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": self.with_password,
            "CLICKRAIL_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "CLICKRAIL_KAFKA_SSL_CA_FILE": str(self.authority),
            "CLICKRAIL_KAFKA_SASL_MECHANISM": mechanism,
            "CLICKRAIL_KAFKA_SASL_USERNAME": USERNAME,
            "CLICKRAIL_KAFKA_SASL_PASSWORD": PASSWORD,
        }

    def certified(self) -> dict[str, str]:
        """Give the variables of a client that comes with its certificate."""
        return {
            "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": self.with_certificate,
            "CLICKRAIL_KAFKA_SECURITY_PROTOCOL": "SSL",
            "CLICKRAIL_KAFKA_SSL_CA_FILE": str(self.authority),
            "CLICKRAIL_KAFKA_SSL_CERTIFICATE_FILE": str(self.certificate),
            "CLICKRAIL_KAFKA_SSL_KEY_FILE": str(self.key),
        }


@asynccontextmanager
async def guarded_kafka(settings: LocalSettings, folder: Path) -> AsyncIterator[Guarded]:
    """Run it for the duration of the block; the files of TLS are in `folder`."""
    authority = make_authority("authority")
    own, own_key = write_signed(authority, folder, "kafka")
    certificate, key = write_signed(authority, folder, "client")
    store = folder / "kafka.pem"
    store.write_text(own_key.read_text() + own.read_text())
    guarded = Guarded(
        plain=f"127.0.0.1:{settings.kafka_port}",
        with_password=f"127.0.0.1:{free_port()}",
        with_certificate=f"127.0.0.1:{free_port()}",
        authority=authority.write(folder / "authority.crt"),
        certificate=certificate,
        key=key,
    )
    await know_password(settings)
    plan = await plan_kafka(settings)
    # Of a name that stands twice Java takes the last.
    with (plan.folder / "server.properties").open("a") as file:
        file.write(render(guarding(guarded, settings, store)))
    async with running(plan):
        yield guarded


async def know_password(settings: LocalSettings) -> None:
    """Format the folder with the user in it: a password for SCRAM is part of Kafka's own data."""
    folder = settings.data / "kafka"
    properties = folder / "server.properties"
    folder.mkdir(parents=True)
    properties.write_text(render(server_properties(folder, settings)))
    credentials = [
        option
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        for option in ("--add-scram", f"{mechanism}=[name={USERNAME},password={PASSWORD}]")
    ]
    command = java(await install_kafka(settings), *QUICK, STORAGE_TOOL, *format_options(properties), *credentials)
    await run_once("Kafka", command, settings.data / "logs" / "format.log")


def guarding(guarded: Guarded, settings: LocalSettings, store: Path) -> dict[str, str]:
    doors = f"PLAINTEXT://{guarded.plain},SASL_SSL://{guarded.with_password},SSL://{guarded.with_certificate}"
    scram = f"{MODULES}.scram.ScramLoginModule required;"
    return {
        "listeners": f"{doors},CONTROLLER://127.0.0.1:{settings.kafka_controller_port}",
        "advertised.listeners": doors,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(store),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(guarded.authority),
        "listener.name.ssl.ssl.client.auth": "required",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": (
            f'{MODULES}.plain.PlainLoginModule required user_{USERNAME}="{PASSWORD}";'
        ),
        "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config": scram,
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": scram,
    }
