"""The environment of the local services, and the file that a shell takes it from."""

import subprocess
from pathlib import Path

import pytest

from cli.up.environ import read_exports, read_running, service_environ, write_exports
from cli.up.services import read_services
from cli.up.setup import placeholders
from runtime.errors import SettingsError
from tests.cli.up.addresses import ADDRESSES


def test_the_settings_of_the_services_can_be_read_before_the_servers_run() -> None:
    assert read_services(service_environ({}, placeholders())) == read_services(service_environ({}, ADDRESSES))


def test_a_port_somebody_sets_is_taken_and_named_in_the_public_url() -> None:
    environ = service_environ({"CLICKRAIL_INGEST_PORT": "8888"}, ADDRESSES)

    assert read_services(environ)[0].port == 8888
    assert environ["CLICKRAIL_PUBLIC_URL"] == "http://127.0.0.1:8888"


def test_a_port_that_is_to_be_chosen_is_in_no_url() -> None:
    environ = service_environ({"CLICKRAIL_INGEST_PORT": "0"}, ADDRESSES)

    assert read_services(environ)[0].port == 0
    assert environ["CLICKRAIL_PUBLIC_URL"] == "http://127.0.0.1"


def test_a_misspelt_setting_is_refused_before_anything_starts() -> None:
    with pytest.raises(SettingsError, match="did you mean CLICKRAIL_INGEST_PORT"):
        read_services(service_environ({"CLICKRAIL_INGEST_PROT": "1"}, ADDRESSES))


def test_how_another_kafka_is_reached_is_nothing_to_the_local_one() -> None:
    elsewhere = {"CLICKRAIL_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "CLICKRAIL_KAFKA_SASL_PASSWORD_FILE": "/nowhere"}

    assert service_environ(elsewhere, ADDRESSES) == service_environ({}, ADDRESSES)


@pytest.mark.parametrize("name", ["CLICKRAIL_DATABASE_URL_FILE", "CLICKRAIL_REDIS_URL_FILE", "CLICKRAIL_DATABASE_URL"])
def test_the_servers_of_elsewhere_are_replaced_in_whatever_form_they_are_set(name: str) -> None:
    assert service_environ({name: "/nowhere"}, ADDRESSES) == service_environ({}, ADDRESSES)


@pytest.mark.parametrize("form", ["", "_FILE"])
@pytest.mark.parametrize("name", ["CLICKRAIL_CONSOLE_PASSWORD", "CLICKRAIL_CONSOLE_SESSION_SECRET"])
def test_a_password_somebody_sets_is_taken_in_either_form(name: str, form: str) -> None:
    environ = service_environ({name + form: "/mine"}, ADDRESSES)

    assert {key: value for key, value in environ.items() if key.startswith(name)} == {name + form: "/mine"}


def test_city_databases_somebody_sets_are_taken() -> None:
    environ = service_environ({"CLICKRAIL_ENRICHER_GEO_DATABASES": "/mine.mmdb"}, ADDRESSES)

    assert environ["CLICKRAIL_ENRICHER_GEO_DATABASES"] == "/mine.mmdb"


ODD = {
    "CLICKRAIL_DATABASE_URL": "postgresql://u:p@h/d?options=-csearch_path%3Dx&application_name=a b",
    "CLICKRAIL_CONSOLE_PASSWORD": """it's "$HOME" `id` \\ #""",
    "CLICKRAIL_ENRICHER_GEO_DATABASES": "",
}


def test_a_shell_takes_the_settings_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "environment"
    file.write_text(write_exports({**ODD, "HOME": "/nowhere", "CLICKRAIL_LOCAL_DATA_DIR": "x"}, (), Path("/pro grams")))
    script = f'. {file}; echo "$PATH"; env -0 | grep -z ^CLICKRAIL_ | sort -z | tr "\\0" "\\n"'
    done = subprocess.run(
        ["sh", "-c", script], env={"PATH": "/bin:/usr/bin"}, capture_output=True, text=True, check=True
    )

    path, *lines = done.stdout.splitlines()
    assert path == "/pro grams:/bin:/usr/bin"
    assert lines == sorted(f"{name}={value}" for name, value in ODD.items())


def test_another_command_takes_the_settings_as_they_are() -> None:
    written = write_exports(ODD, ("ingest", "sink"), Path("/programs"))

    assert (read_exports(written), read_running(written)) == (ODD, ("ingest", "sink"))
    assert read_running(write_exports(ODD, (), Path("/programs"))) == ()
