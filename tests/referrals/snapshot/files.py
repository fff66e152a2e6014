"""Snapshots for tests."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from referrals.model import Key, Referral, key_of
from referrals.snapshot.blocks import FIELDS, format_key
from referrals.snapshot.reader import NAME, SnapshotFile, open_snapshot
from referrals.snapshot.writer import SnapshotWriter
from tests.referrals.builders import affiliate, code, program

HERE = "00000000-0000-0000-0000-000000000001"


def many_codes(count: int) -> list[Referral]:
    """Give a program, an affiliate and so many codes, `c00000` and on; each tenth with a target of its own."""
    return [
        program(),
        affiliate(),
        *(code(code=f"c{n:05}", target_url=f"https://shop.example/{n}" if n % 10 == 0 else None) for n in range(count)),
    ]


def write_file(folder: Path, rows: Iterable[Referral], version: int = 10, installation: str = HERE) -> SnapshotFile:
    writer = SnapshotWriter(folder)
    writer.begin()
    for key, row in sorted((format_key(key_of(row)), row) for row in rows):
        writer.add(key.encode() + b" " + msgspec.json.encode(row) + b"\n")
    writer.finish(installation, version, 1_700_000_000.0, FIELDS)
    return open_file(folder)


def open_file(folder: Path) -> SnapshotFile:
    file = open_snapshot(folder / NAME)
    assert isinstance(file, SnapshotFile), file
    return file


def find_all(file: SnapshotFile, keys: Iterable[Key]) -> Mapping[Key, object]:
    return {key: file.find(key) for key in keys}
