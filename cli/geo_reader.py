"""Reads a database with MaxMind's own reader, for `clickrail geo`, which runs this as a process of its own.

A damaged file can end that reader, and its process with it (docs/decisions/0001).
"""

import json
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import maxminddb


def main(command: str, path: str, *arguments: str) -> None:
    """Print what was asked for as JSON. Ends with one line on standard error if the file cannot be read."""
    try:
        with maxminddb.open_database(path, maxminddb.MODE_MEMORY) as reader:
            found = look_up(reader, arguments[0]) if command == "lookup" else check(reader)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        sys.exit(str(error))
    print(json.dumps(found))


def look_up(reader: maxminddb.Reader, address: str) -> dict[str, Any]:
    record, length = reader.get_with_prefix_len(address)
    return {"record": record, "prefix": length, "type": reader.metadata().database_type}


def check(reader: maxminddb.Reader) -> dict[str, Any]:
    """Read every network of the file."""
    metadata = reader.metadata()
    counted = Counter(network.version for network, _ in reader)
    return {
        "type": repr(metadata.database_type),
        "built": str(datetime.fromtimestamp(metadata.build_epoch, UTC).date()),
        **{f"IPv{version} networks": count for version, count in sorted(counted.items())},
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
