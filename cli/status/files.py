"""Checks the files that the services need: the key ring, and the folder of the journal."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cli.status.finding import Finding
from identity.keyfile import read_ring
from identity.keys import KeyRingError

NEEDED_MIB: Final = 512
MIB: Final = 1024 * 1024


def check_keys(environ: Mapping[str, str]) -> Finding:
    """Check that the key ring can be read."""
    path = environ.get("CLICKRAIL_KEYS_FILE")
    if path is None:
        return Finding(
            "key ring",
            "not set",
            "CLICKRAIL_KEYS_FILE is missing",
            "set it to the key ring's file; `clickrail keys init` makes one",
        )
    try:
        read_ring(Path(path))
    except KeyRingError as error:
        exists = Path(path).exists()
        remedy = (
            "correct the file, or restore it from the backup"
            if exists
            else "run `clickrail keys init`, or restore the file from the backup"
        )
        return Finding("key ring", "unusable", str(error), remedy)
    return Finding("key ring", "readable")


def check_journal(environ: Mapping[str, str]) -> Finding:
    """Check that the folder of the journal can be written, and that its disk has room."""
    given = environ.get("CLICKRAIL_INGEST_DATA_DIR")
    if given is None:
        return Finding(
            "journal", "not set", "CLICKRAIL_INGEST_DATA_DIR is missing", "set it to a folder on a local disk"
        )
    folder = nearest_folder(Path(given))
    if not os.access(folder, os.W_OK | os.X_OK):
        remedy = "give this account the right to write there, or set CLICKRAIL_INGEST_DATA_DIR to another folder"
        return Finding("journal", "unusable", f"{folder} cannot be written", remedy)
    free = shutil.disk_usage(folder).free // MIB
    if free < NEEDED_MIB:
        return Finding(
            "journal", "nearly full", f"{folder} has {free} MiB free", "free some space: clicks wait there for Kafka"
        )
    return Finding("journal", "writable")


def nearest_folder(path: Path) -> Path:
    """Return the path, or its nearest parent that exists: ingest makes the rest."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.is_dir())
