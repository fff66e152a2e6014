"""The files of an export: each has its name only when it is whole, so that none is ever half."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from storage.export.plan import ExportPlan, Format, Kind
from storage.export.rows import OutputError

MANIFEST: Final = "export.json"


class Manifest(msgspec.Struct, frozen=True):
    """What the files of a folder are, so that days of different exports are not mixed."""

    kind: Kind
    form: Format
    is_personal: bool
    filters: dict[str, Any]


def describe(plan: ExportPlan, form: Format) -> Manifest:
    # As JSON gives them back, and without those that select nothing: a later version may have more of them.
    filters = msgspec.json.decode(msgspec.json.encode(plan.filters))
    return Manifest(plan.kind, form, plan.is_personal, keep_selecting(filters))


def keep_selecting(filters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value}


def claim_folder(folder: Path, manifest: Manifest) -> None:
    """Make the folder, or check that its files are of the same export. Raises OutputError."""
    path = folder / MANIFEST
    with explain(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
            return
        text = path.read_bytes()
    try:
        found = msgspec.json.decode(text, type=Manifest)
    except msgspec.MsgspecError:
        found = None
    if found is None or msgspec.structs.replace(found, filters=keep_selecting(found.filters)) != manifest:
        raise OutputError(f"{folder} has files of another export (see {MANIFEST} in it): choose another folder")


def day_file(folder: Path, kind: Kind, day: date, form: Format) -> Path:
    return folder / f"{kind}-{day}.{form}"


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that has its name only when the block has ended well. Raises OutputError."""
    part = path.with_name(f".{path.name}.part")
    with explain(path):
        file = part.open("wb")
    try:
        with file:
            yield file
            with explain(path):
                file.flush()
                os.fsync(file.fileno())
        with explain(path):
            part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def explain(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
