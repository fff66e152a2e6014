"""The systemd units: what systemd itself says of them, and what they say to the services."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from deploy.healthcheck import PORTS
from docs.generators.settings import SERVICES
from runtime.settings import FILE, load
from tests.deploy_systemd.units import (
    CREDENTIALS,
    DROP_IN,
    INSTANCES,
    OPTIONAL,
    UNITS,
    credentials_of,
    environment_of,
    file_of,
    read_lines,
    values,
)

SETUP: Final = "clickrail-setup.service"
MOST_EXPOSED: Final = "15"
"""The exposure allowed, times ten. 100 is an unprotected service; systemd calls up to 40 "OK"."""
ANALYZE: Final = shutil.which("systemd-analyze")
CONTENTS: Final = {
    "database-url": "postgresql://u:p@postgres/c",
    "redis-url": "redis://valkey:6379/0",
    "kafka-password": "a long password",
    "console-password": "a long password",
    "session-secret": "s" * 32,
}

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="there is no systemd-analyze here")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with our units, the programs that they start, and the targets of systemd that they name."""
    places = {
        name: tmp_path / name for name in ("etc/systemd/system", "opt/clickrail/bin", "bin", "lib/systemd/system")
    }
    for place in places.values():
        place.mkdir(parents=True)
    shutil.copytree(UNITS, places["etc/systemd/system"], dirs_exist_ok=True)
    for program in (places["opt/clickrail/bin"] / "clickrail", places["bin"] / "sh"):
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    for target in ("basic", "multi-user", "network-online", "shutdown", "sysinit"):
        (places["lib/systemd/system"] / f"{target}.target").write_text(f"[Unit]\nDescription={target}\n")
    return tmp_path


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(ANALYZE), *arguments], capture_output=True, text=True, check=False)


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(root: Path) -> None:
    done = analyze("verify", f"--root={root}", "--man=no", *INSTANCES.values(), SETUP, "clickrail.target")

    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_systemd_would_find_a_misspelt_line(root: Path) -> None:
    unit = root / "etc/systemd/system" / "clickrail-settler.service"
    unit.write_text(unit.read_text() + "[Service]\nTimeoutStopSeconds=60\n")

    done = analyze("verify", f"--root={root}", "--man=no", unit.name)

    assert "'TimeoutStopSeconds'" in done.stderr


@needs_systemd
@pytest.mark.parametrize("unit", [*INSTANCES.values(), SETUP])
def test_a_unit_is_exposed_to_little(unit: str, root: Path) -> None:
    done = analyze("security", "--offline=true", f"--root={root}", f"--threshold={MOST_EXPOSED}", unit)

    assert done.returncode == 0, done.stdout[-100:]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("options", [(), ("redis", "kafka-password")], ids=["plain", "with Redis and a password"])
def test_a_service_starts_with_what_its_unit_gives_it(service: str, options: tuple[str, ...], tmp_path: Path) -> None:
    drop_ins = [OPTIONAL / f"{option}.conf" for option in options]
    for file in credentials_of(INSTANCES[service], *drop_ins):
        (tmp_path / file).write_text(CONTENTS[file])
    environ = {
        name: value.replace(CREDENTIALS, str(tmp_path))
        for name, value in environment_of(INSTANCES[service], *drop_ins).items()
    }
    if options:
        environ["CLICKRAIL_KAFKA_SASL_USERNAME"] = "clickrail"

    settings: Any = load(SERVICES[service], environ)

    assert (settings.private_host, settings.private_port) == ("127.0.0.1", PORTS[service])


@pytest.mark.parametrize("service", SERVICES)
def test_a_unit_sets_only_what_its_service_reads(service: str) -> None:
    known = {field.encode_name for field in msgspec.structs.fields(SERVICES[service])}
    own = environment_of(INSTANCES[service]).keys() - dict(read_lines(UNITS / "clickrail.env")).keys()

    assert {name if name in known else name.removesuffix(FILE) for name in own} - known == set()


def test_every_setting_that_is_shared_is_one_of_some_service() -> None:
    known = {field.encode_name for kind in SERVICES.values() for field in msgspec.structs.fields(kind)}

    assert dict(read_lines(UNITS / "clickrail.env")).keys() - known == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_unit_starts_its_own_service_again_unless_a_setting_is_wrong(service: str) -> None:
    lines = read_lines(file_of(INSTANCES[service]))

    assert values(lines, "ExecStart") == [f"/opt/clickrail/bin/clickrail {service}"]
    assert (values(lines, "Restart"), values(lines, "RestartPreventExitStatus")) == (["always"], ["2"])


@pytest.mark.parametrize(("code", "failed"), [(0, False), (1, False), (2, True)])
def test_topics_that_differ_stop_no_setup_and_a_command_that_fails_does(
    code: int, *, failed: bool, tmp_path: Path
) -> None:
    lines = read_lines(UNITS / SETUP)
    apply, migrate = values(lines, "ExecStart")
    program = tmp_path / "clickrail"
    program.write_text(f"#!/bin/sh\nexit {code}\n")
    program.chmod(0o755)
    # As systemd reads the line.
    command = shlex.split(apply.replace("/opt/clickrail/bin/clickrail", str(program)).replace("$$", "$"))

    assert (subprocess.run(command, check=False).returncode != 0) == failed
    # For these, every code but 0 is a failure: a crash of Python has the code 1.
    assert migrate == "/opt/clickrail/bin/clickrail migrate"
    assert values(lines, "SuccessExitStatus") == []


def test_no_unit_says_what_the_drop_in_would_override() -> None:
    # `Environment` adds up.
    shared = {key for key, _ in read_lines(DROP_IN)} - {"Environment"}
    own = {unit.name: {key for key, _ in read_lines(unit)} & shared for unit in UNITS.glob("clickrail-*.service")}

    assert own == {name: set() for name in own}
    assert len(own) == len(INSTANCES) + 1


def test_ingest_has_the_time_to_drain_and_flush_before_it_is_killed() -> None:
    environ = environment_of(INSTANCES["ingest"])
    drain_s, flush_s = (
        int(environ.get(f"CLICKRAIL_INGEST_{name.upper()}") or getattr(default_settings(), name))
        for name in ("drain_s", "flush_s")
    )
    (stop_s,) = values(read_lines(file_of(INSTANCES["ingest"])), "TimeoutStopSec")

    # A supervisor gives its workers 12 s more than the flush (docs/operating.md).
    assert int(stop_s) > drain_s + flush_s + 12


def default_settings() -> Any:
    required = {
        "CLICKRAIL_DATABASE_URL": CONTENTS["database-url"],
        "CLICKRAIL_INGEST_DATA_DIR": "/var/lib/clickrail/ingest",
    }
    return load(SERVICES["ingest"], required | dict(read_lines(UNITS / "clickrail.env")))


def test_the_page_names_every_file_and_every_secret() -> None:
    page = (UNITS.parents[1] / "docs" / "systemd.md").read_text()
    files = {path.name for path in UNITS.rglob("*") if path.is_file()}
    secrets = {secret for unit in INSTANCES.values() for secret in credentials_of(unit)}

    assert [name for name in files if not named_in(page, name)] == []
    assert [name for name in secrets if f"/etc/clickrail/secrets/{name}" not in page] == []


def named_in(page: str, name: str) -> bool:
    """Tell whether a page names a file itself, or all units together."""
    return name in page or (
        re.fullmatch(r"clickrail-[a-z]+@?\.service", name) is not None and "deploy/systemd/*.service" in page
    )
