"""Reads the compose parts as far as the tests need: which service has which variables, and what a build copies."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ROOT / "deploy" / "compose"

SERVICE = re.compile(r"^  ([a-z][a-z-]*):$", re.MULTILINE)
VARIABLE = re.compile(r"^ {6}([A-Z][A-Z0-9_]*):(?: (.*))?$", re.MULTILINE)
WITH_DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")


def read_environments(part: str) -> dict[str, dict[str, str]]:
    """Give the variables of each service of a part; those without a value are left out, as compose does."""
    return {name: read_variables(block) for name, block in read_blocks(part).items()}


def read_blocks(part: str) -> dict[str, str]:
    """Give the text of each service of a part."""
    _, _, services = (PARTS / part).read_text().partition("\nservices:\n")
    services = re.split(r"^\w", services, flags=re.MULTILINE)[0]
    names = SERVICE.findall(services)
    blocks = SERVICE.split(services)[2::2]
    return dict(zip(names, blocks, strict=True))


def read_variables(block: str) -> dict[str, str]:
    return {
        name: WITH_DEFAULT.sub(r"\1", value).strip('"')
        for name, value in VARIABLE.findall(block)
        if name.startswith("CLICKRAIL_") and value
    }


def instructions() -> list[tuple[str, str]]:
    """Give the Dockerfile's instructions with their arguments, continued lines joined, comments left out."""
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in joined.splitlines()]


def let_through() -> set[str]:
    """Give what .dockerignore lets through at the top."""
    return {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
