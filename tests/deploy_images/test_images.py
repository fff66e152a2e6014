"""The images and compose parts, as far as they can be judged without an engine."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.healthcheck import PORTS
from docs.generators.settings import SERVICES
from runtime.settings import load
from tests.deploy_images.reading import PARTS, ROOT, instructions, let_through, read_blocks, read_environments

SECRETS = {"database-url": "postgresql://u:p@postgres/c", "console": "a long password", "session-secret": "s" * 32}
PROFILES = {"ui": {"kafka-ui"}, "observability": {"prometheus", "grafana"}}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def compose(*arguments: str, environ: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("there is no `docker compose` here, which could read its own files")
    return subprocess.run(
        [docker, "compose", *arguments],
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def test_compose_understands_its_parts() -> None:
    done = compose(*(f"--profile={name}" for name in PROFILES), "config", "-q")

    assert (done.returncode, done.stderr) == (0, "")


def test_compose_runs_everything_that_clickrail_consists_of() -> None:
    done = compose("config", "--services")

    assert {"kafka", "postgres", "valkey", "setup", "passwords", *SERVICES} == set(done.stdout.split())


def test_a_profile_has_the_services_that_nobody_needs_to_click() -> None:
    profiles = {
        name: re.findall(r"^    profiles: \[(\w+)\]$", block, re.MULTILINE)
        for part in PARTS.glob("*.yml")
        for name, block in read_blocks(part.name).items()
    }

    assert {name: tuple(of) for name, of in profiles.items() if of} == {
        service: (profile,) for profile, services in PROFILES.items() for service in services
    }


def test_every_container_that_goes_on_running_has_a_healthcheck() -> None:
    blocks = {name: block for part in PARTS.glob("*.yml") for name, block in read_blocks(part.name).items()}
    ends_by_itself = {"passwords", "setup"}
    # The services have that of `x-service`.
    unchecked = {name for name, block in blocks.items() if not re.search(r"healthcheck:|<<: \*service", block)}

    assert unchecked == ends_by_itself


def test_every_file_that_a_container_is_given_exists() -> None:
    given = [
        (part.parent / path).resolve()
        for part in PARTS.glob("*.yml")
        for path in re.findall(r"^ {6}- (\.\.?/[^:]+):", part.read_text(), re.MULTILINE)
    ]

    assert len(given) == 5
    assert [path for path in given if not path.exists()] == []


def test_prometheus_scrapes_the_private_port_of_every_service() -> None:
    scraped = re.findall(r"targets: \[\"(\w+):(\d+)\"\]", (PARTS / "observability" / "prometheus.yml").read_text())

    assert {name: int(port) for name, port in scraped} == PORTS


def test_a_variable_of_the_users_reaches_the_service() -> None:
    done = compose("config", "ingest", environ={"CLICKRAIL_REGION": "tokyo"})

    assert "CLICKRAIL_REGION: tokyo" in done.stdout


def test_every_image_that_is_fetched_has_a_version() -> None:
    files = [*PARTS.glob("*.yml"), ROOT / "deploy" / "Dockerfile", ROOT / "tests" / "servers.py"]
    named = r"""(?:image: |^FROM |Container\(")([a-z][\w./:-]*)"""
    images = {image for file in files for image in re.findall(named, file.read_text(), re.MULTILINE)}
    fetched = {image for image in images if not image.startswith("clickrail-")}

    assert {"apache/kafka:4.3.1", "postgres:18", "python:3.13-slim", "valkey/valkey:9"} <= fetched
    assert [image for image in fetched if not re.search(r":v?\d", image)] == []


def test_every_part_is_included() -> None:
    included = re.findall(r"^  - (deploy/compose/.*)$", (ROOT / "docker-compose.yml").read_text(), re.MULTILINE)

    assert sorted(f"deploy/compose/{part.name}" for part in PARTS.glob("*.yml")) == sorted(included)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_with_what_compose_gives_it(service: str, tmp_path: Path) -> None:
    environ = with_secrets_here(read_environments("services.yml")[service], tmp_path)

    settings: Any = load(SERVICES[service], environ)

    assert settings.private_host == "0.0.0.0"  # noqa: S104 - for Prometheus, in another container
    assert settings.private_port == PORTS[service]
    assert getattr(settings, "kafka_bootstrap_servers", ("kafka:9092",)) == ("kafka:9092",)


def with_secrets_here(environ: dict[str, str], folder: Path) -> dict[str, str]:
    """Point the files of secrets, which only containers have, to files of the same names with fit contents."""
    for name, path in environ.items():
        if name.endswith("_FILE") and "/passwords/" in path:
            here = folder / Path(path).name
            here.write_text(SECRETS[here.name])
            environ = {**environ, name: str(here)}
    return environ


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_that_compose_hands_on_is_a_setting_of_that_service(service: str) -> None:
    text = (PARTS / "services.yml").read_text()
    block = text.partition(f"\n  {service}:\n")[2].partition("\n\n  ")[0]
    named = {name.removesuffix("_FILE") for name in re.findall(r"^ {6}(CLICKRAIL_\w+):", block, re.MULTILINE)}
    known = {field.encode_name.removesuffix("_FILE") for field in msgspec.structs.fields(SERVICES[service])}

    assert named - known == set()


@pytest.mark.parametrize("service", SERVICES)
def test_the_healthcheck_asks_the_port_a_service_has_by_default(service: str) -> None:
    fields = {field.name: field.default for field in msgspec.structs.fields(SERVICES[service])}

    assert fields["private_port"] == PORTS[service]


def test_no_private_port_is_published() -> None:
    published = re.findall(r"^ {6}- (\S+:\d+)$", (PARTS / "services.yml").read_text(), re.MULTILINE)

    assert published == ["8080:8080", "127.0.0.1:8081:8081"]


def test_the_build_gets_every_package_of_the_distribution_and_every_lock() -> None:
    packages = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

    assert {*packages, "requirements", "pyproject.toml", PYPROJECT["project"]["readme"], "LICENSE"} == let_through()
    assert ("COPY", ". .") in instructions()


def test_every_service_has_a_lock_to_install_from() -> None:
    assert [name for name in SERVICES if not (ROOT / "requirements" / f"{name}.lock").exists()] == []


def test_the_image_ends_without_root() -> None:
    users = [argument for name, argument in instructions() if name == "USER"]
    last = [name for name, _ in instructions()][-3:]

    assert users == ["10001:10001"]
    assert last == ["USER", "HEALTHCHECK", "CMD"]


def test_whatever_the_image_installs_is_held_against_hashes() -> None:
    installs = [
        step
        for name, argument in instructions()
        if name == "RUN"
        for step in argument.split("&&")
        if re.search(r"\b(pip install|uv build)\b", step)
    ]
    unchecked = [step for step in installs if "--require-hashes" not in step]

    assert len(installs) == 4
    # The wheel that was just built here.
    assert [step.split()[-1] for step in unchecked] == ["dist/*.whl"]


def test_no_file_of_ours_names_a_registry() -> None:
    files = [ROOT / "docker-compose.yml", ROOT / ".dockerignore", ROOT / "deploy" / "Dockerfile", *PARTS.iterdir()]
    images = [
        image
        for file in files
        if file.is_file()
        for image in re.findall(r"^(?:FROM|\s+image:) (\S+)", file.read_text(), re.MULTILINE)
    ]

    assert {"python:3.13-slim", "clickrail-sink", "postgres:18"} <= set(images)
    # A host has a dot or a port before the first slash.
    assert [image for image in images if "/" in image and re.search(r"[.:]", image.split("/")[0])] == []


def test_the_redirect_has_more_shares_of_the_processor_than_any_other_container() -> None:
    shares = {
        name: int(found.group(1)) if (found := re.search(r"cpu_shares: (\d+)", block)) else 1024
        for part in ("services.yml", "servers.yml")
        for name, block in read_blocks(part).items()
    }

    assert [name for name in shares if shares[name] >= shares["ingest"]] == ["ingest", "valkey"]
