"""`clickrail geo lookup` and `check`, with MaxMind's own reader in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from cli import geo
from tests.enricher.builders import FLAT, write_database

pytestmark = pytest.mark.slow

SYSTEM = {"autonomous_system_number": 16509, "autonomous_system_organization": "Amazon.com, Inc."}

app = typer.Typer()
app.add_typer(geo.geo, name="geo")


def run(*arguments: object, **environ: str) -> Result:
    clean = dict.fromkeys((geo.GEO, geo.NETWORKS, geo.LISTS))
    return CliRunner().invoke(app, ["geo", *map(str, arguments)], env={**clean, **environ})


@pytest.fixture
def city(tmp_path: Path) -> Path:
    return write_database(tmp_path / "city.mmdb", {"81.2.69.0/24": FLAT})


@pytest.fixture
def systems(tmp_path: Path) -> Path:
    return write_database(tmp_path / "asn.mmdb", {"81.2.69.0/24": SYSTEM}, database_type="Test-ASN")


def test_an_address_is_looked_up_in_each_database_and_as_the_enricher_does(city: Path, systems: Path) -> None:
    done = run("lookup", "81.2.69.142", "--database", city, "--database", systems)

    found = json.loads(done.stdout)
    assert found[str(city)] == {"record": FLAT, "prefix": 24, "type": "Test-City"}
    assert found[str(systems)] == {"record": SYSTEM, "prefix": 24, "type": "Test-ASN"}
    assert found["enricher"]["geo"]["city"] == "Lisbon"
    assert (found["enricher"]["network"]["asn"], found["enricher"]["network"]["kind"]) == (16509, "hosting")


def test_without_an_option_the_databases_of_the_enricher_are_asked(tmp_path: Path, city: Path, systems: Path) -> None:
    (tmp_path / "vpn.txt").write_text("81.2.69.0/24\n")
    settings = {geo.GEO: str(city), geo.NETWORKS: str(systems), geo.LISTS: f"vpn={tmp_path}/vpn.txt"}
    found = json.loads(run("lookup", "81.2.69.142", **settings).stdout)

    assert found["enricher"]["network"]["kind"] == "vpn"
    assert set(found) == {str(city), str(systems), "enricher"}


def test_an_address_in_no_database_has_no_record(city: Path) -> None:
    assert json.loads(run("lookup", "8.8.8.8", "--database", city).stdout)[str(city)]["record"] is None


def test_good_files_are_usable(city: Path, systems: Path) -> None:
    done = run("check", city, systems)

    assert done.exit_code == 0
    first, second = done.stdout.splitlines()
    assert first.startswith(f"{city}: type 'Test-City', built 20")
    assert first.endswith("networks 1; usable")
    assert second.endswith("networks 1; usable")


def test_a_file_that_the_enricher_would_refuse_is_said_to_be_one(tmp_path: Path, city: Path) -> None:
    other = write_database(tmp_path / "other.mmdb", {"81.2.69.0/24": {"is_anycast": True}}, database_type="Other")
    done = run("check", city, other)

    assert done.exit_code == 1
    assert done.stdout.splitlines()[1].endswith(
        "it tells no country (it is of type 'Other'); it tells no autonomous system (it is of type 'Other')"
    )


@pytest.mark.parametrize("content", [b"", b"no database", None], ids=["empty", "text", "missing"])
def test_a_file_that_cannot_be_read_is_told_in_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.mmdb"
    if content is not None:
        path.write_bytes(content)
    checked, looked_up = run("check", path), run("lookup", "8.8.8.8", "--database", path)

    assert checked.exit_code == 1
    assert checked.stdout.startswith(f"{path}: unreadable; {path}: ")
    assert looked_up.exit_code == 2
    assert looked_up.stderr.startswith(f"clickrail: {path}: ")


def test_a_file_that_ends_the_reader_does_not_end_the_command(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nkill -SEGV $$\n")
    program.chmod(0o755)
    script = f"import sys; sys.executable = {str(program)!r}; from cli import geo; geo.run_reader('check', 'x.mmdb')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=os.environ)

    assert done.stderr.splitlines()[-1] == ("cli.geo.GeoError: x.mmdb is damaged: it ended MaxMind's reader (SIGSEGV)")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("lookup", "8.8.8"), "clickrail: '8.8.8' is not an IP address\n"),
        (("lookup", "8.8.8.8"), "clickrail: no database is named: give --database, or set CLICKRAIL_ENRICHER_GEO_DATA"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_one_line(arguments: tuple[str, ...], sentence: str) -> None:
    done = run(*arguments)

    assert done.exit_code == 2
    assert done.stderr.startswith(sentence)
