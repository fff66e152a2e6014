"""Reads the properties of MirrorMaker 2, and writes them with some of a test's own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).resolve().parents[2] / "deploy" / "mirrormaker" / "edge-to-centre.properties"


def read_properties() -> dict[str, str]:
    lines = (line for line in FILE.read_text().splitlines() if line and not line.startswith("#"))
    pairs = (line.partition(" = ") for line in lines)
    return {name: value for name, _, value in pairs}


def write_properties(path: Path, changes: Mapping[str, str]) -> None:
    """Write our properties with `changes`. Each has to be there already: a test adds nothing that operators lack."""
    properties = read_properties()
    assert changes.keys() <= properties.keys()
    path.write_text("".join(f"{name} = {value}\n" for name, value in (properties | changes).items()))
