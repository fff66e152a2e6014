"""Reads systemd units as far as the tests need: lines of `Key=Value`, drop-ins and environment files."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
UNITS: Final = ROOT / "deploy" / "systemd"
DROP_IN: Final = UNITS / "clickrail-.service.d" / "all.conf"
OPTIONAL: Final = UNITS / "optional"
CREDENTIALS: Final = "/run/credentials"

INSTANCES: Final = {
    "ingest": "clickrail-ingest.service",
    "enricher": "clickrail-enricher@9120.service",
    "sink": "clickrail-sink@9130.service",
    "settler": "clickrail-settler.service",
    "console": "clickrail-console.service",
}
"""The unit of each service, templates with the default private port."""

Lines = list[tuple[str, str]]


def file_of(unit: str) -> Path:
    """Give the file of a unit; of a template's instance, the template's."""
    name, _, instance = unit.partition("@")
    return UNITS / (f"{name}@.service" if instance else unit)


def read_lines(path: Path) -> Lines:
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and line[0] not in "#[")
    return [(key, value) for key, _, value in pairs]


def values(lines: Lines, key: str) -> list[str]:
    return [value for name, value in lines if name == key]


def environment_of(unit: str, *drop_ins: Path) -> dict[str, str]:
    """Give the environment of a unit as systemd makes it: the file of all services comes last."""
    instance = unit.partition("@")[2].removesuffix(".service")
    lines = [line for path in (file_of(unit), *drop_ins) for line in read_lines(path)]
    own = [item.partition("=") for value in values(lines, "Environment") for item in value.split()]
    given = {
        name: value.replace("%d", CREDENTIALS).replace("%i", instance).replace("%H", "machine")
        for name, _, value in own
    }
    return given | dict(read_lines(UNITS / "clickrail.env"))


def credentials_of(unit: str, *drop_ins: Path) -> set[str]:
    lines = [line for path in (file_of(unit), *drop_ins) for line in read_lines(path)]
    return {value.partition(":")[0] for value in values(lines, "LoadCredential")}
