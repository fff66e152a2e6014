"""The contracts of releases, as they lie in `schemas/released/`: written once, and read by the compatibility gate.

A release's folder has `contract.json`, the JSON Schemas in `json/`, and the good and bad records in `examples/`.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from schemas.codec import Undecodable, decode
from schemas.contract import Contract, build_contract, parse_version
from schemas.json_schemas import write_schema
from schemas.topics import TOPICS

ROOT: Final = Path(__file__).parent
RELEASED: Final = ROOT / "released"
NAME: Final = "contract.json"
RELEASE: Final = re.compile(r"[0-9]+(\.[0-9]+)*")


class NotKept(Exception):  # noqa: N818 - the name states the condition
    """The contract cannot be kept as that of this release. The message says why."""


def list_releases(folder: Path = RELEASED) -> list[str]:
    """Return the releases whose contracts are kept, the oldest first."""
    return sorted((path.parent.name for path in folder.glob(f"*/{NAME}")), key=parse_version)


def read_release(release: str, folder: Path = RELEASED) -> Contract:
    """Return the contract of a release. Raises FileNotFoundError for one that is not kept."""
    contract = msgspec.json.decode((folder / release / NAME).read_bytes(), type=Contract)
    schemas = {name: json.loads(schema_path(folder / release, name).read_text()) for name in contract.topics}
    return msgspec.structs.replace(contract, schemas=schemas)


def write_release(release: str, folder: Path = RELEASED) -> None:
    """Keep today's contract as that of a release, which is written once. Raises NotKept."""
    if RELEASE.fullmatch(release) is None:
        raise NotKept(f"{release!r} is no version: give that of pyproject.toml, such as 1.2.0")
    if (folder / release).exists():
        raise NotKept(f"{folder / release} is there: the contract of a release is never written over")
    contract = build_contract(release)
    shutil.copytree(ROOT / "examples", folder / release / "examples")
    (folder / release / "json").mkdir()
    for name, schema in contract.schemas.items():
        schema_path(folder / release, name).write_text(write_schema(schema))
    described = msgspec.json.encode(msgspec.structs.replace(contract, schemas={}), order="deterministic")
    (folder / release / NAME).write_bytes(msgspec.json.format(described, indent=2) + b"\n")


def schema_path(folder: Path, topic: str) -> Path:
    return folder / "json" / f"{topic}.schema.json"


def good_examples(folder: Path, topic: str) -> list[Path]:
    """Return the files with good records of a topic, of a release's folder or of today's (ROOT)."""
    return sorted((folder / "examples" / topic / "good").glob("*.json"))


def find_undecodable(release: str, folder: Path = RELEASED) -> Iterator[str]:
    """Say which records of a release today's reader refuses, a line each."""
    for topic in TOPICS:
        for path in good_examples(folder / release, topic.name):
            record = decode(topic.record, path.read_bytes())
            if isinstance(record, Undecodable):
                yield f"{topic.name}: record {path.name} of {release}: {record.reason}: {record.detail}"
