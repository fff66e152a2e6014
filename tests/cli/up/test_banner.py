"""What is said once everything runs."""

from pathlib import Path

import pytest
from rich.text import Text

from cli.up.banner import describe_addresses, describe_commands, nearest
from cli.up.environ import service_environ
from cli.up.selection import SERVICES
from cli.up.services import read_services
from tests.cli.up.addresses import ADDRESSES

LINK = "http://127.0.0.1:8080/ref/demo"

ALL_PORTS = "ingest 9100, enricher 9120, sink 9130, settler 9150, console 9140"


def said(lines: list[str]) -> list[str]:
    return [Text.from_markup(line).plain for line in lines]


def addresses_of(names: tuple[str, ...], password_file: Path) -> list[str]:
    environ = service_environ({"CLICKRAIL_CONSOLE_PASSWORD_FILE": str(password_file)}, ADDRESSES)
    services = {service.name: service for service in read_services(environ, names)}
    return said(describe_addresses(LINK, services, ADDRESSES, environ))


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("correct [horse]\n")
    return file


def test_it_names_every_address_and_the_password(password_file: Path) -> None:
    assert addresses_of(("ingest", "enricher", "sink", "settler", "console"), password_file) == [
        "  Tracking link  http://127.0.0.1:8080/ref/demo",
        "  Console        http://127.0.0.1:8081/   login owner, password correct [horse]",
        f"  Metrics        http://127.0.0.1:PORT/metrics   {ALL_PORTS}",
        "  Kafka          127.0.0.1:1",
        "  PostgreSQL     postgresql://h/d",
        "  Valkey         redis://h",
        "  Logs           /logs",
    ]


def test_what_is_left_out_is_said_to_be(password_file: Path) -> None:
    assert addresses_of((), password_file) == [
        "  Kafka          127.0.0.1:1",
        "  PostgreSQL     postgresql://h/d",
        "  Valkey         redis://h",
        "  Logs           /logs",
        f"  Left out       {', '.join(SERVICES)}; to run one yourself, read the settings into a shell first",
    ]


def test_a_password_of_the_users_own_is_not_repeated() -> None:
    environ = service_environ({"CLICKRAIL_CONSOLE_PASSWORD": "correct horse"}, ADDRESSES)
    services = {service.name: service for service in read_services(environ, ("console",))}

    assert said(describe_addresses(LINK, services, ADDRESSES, environ))[0].endswith(
        "as set by CLICKRAIL_CONSOLE_PASSWORD"
    )


@pytest.mark.parametrize(("port", "url"), [("8080", ""), ("8099", " --url http://127.0.0.1:8099")])
def test_traffic_goes_to_this_stack(port: str, url: str) -> None:
    environ = service_environ({"CLICKRAIL_INGEST_PORT": port}, ADDRESSES)
    services = {service.name: service for service in read_services(environ)}
    lines = said(describe_commands(services, Path("/data/environment"), ".venv/bin/clickrail"))

    assert [line.split("   ")[0] for line in (line.strip() for line in lines[1:4])] == [
        ". /data/environment",
        f".venv/bin/clickrail simulate --rate 200 --seconds 60{url}",
        ".venv/bin/clickrail status",
    ]


def test_a_path_is_given_as_one_types_it_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert nearest(tmp_path / ".local" / "environment") == ".local/environment"
    assert nearest(Path("/elsewhere/environment")) == "/elsewhere/environment"
