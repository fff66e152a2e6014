"""Write the contract's files, compare it with the last releases, or keep it as that of a release.

`python -m schemas` writes the JSON Schemas and `asyncapi.yaml`; a test fails while a file is out of date.
`python -m schemas check` says what readers and records of the releases in `schemas/released/` would not survive.
`python -m schemas freeze VERSION` keeps today's contract as that of a release, for the check.
"""

import argparse
import sys

from schemas.asyncapi.components import choose_example
from schemas.asyncapi.document import write_document
from schemas.compatibility import find_breaks
from schemas.contract import build_contract
from schemas.json_schemas import build_schema, write_schema
from schemas.releases import (
    ROOT,
    NotKept,
    find_undecodable,
    good_examples,
    list_releases,
    read_release,
    schema_path,
    write_release,
)
from schemas.topics import TOPICS


def write() -> None:
    for topic in TOPICS:
        schema_path(ROOT, topic.name).write_text(write_schema(build_schema(topic)))
    (ROOT / "asyncapi.yaml").write_text(write_document(read_examples()), encoding="utf-8")


def read_examples() -> dict[str, bytes]:
    """Return a good example of each topic, for documents."""
    return {
        topic.name: choose_example(topic, [path.read_bytes() for path in good_examples(ROOT, topic.name)])
        for topic in TOPICS
    }


def find_all_breaks() -> list[str]:
    """Say what readers and records of any release would not survive, a line each."""
    today = build_contract()
    return [
        line
        for release in list_releases()
        for line in (*find_breaks(read_release(release), today), *find_undecodable(release))
    ]


def check() -> None:
    breaks = find_all_breaks()
    if breaks:
        sys.exit("\n".join(breaks))
    sys.stdout.write(f"Readers and records of {', '.join(list_releases())} survive today's contract.\n")


def freeze(version: str) -> None:
    try:
        write_release(version)
    except NotKept as error:
        sys.exit(str(error))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m schemas", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="check | freeze VERSION")
    commands.add_parser("check", help="compare the contract with those of the releases")
    commands.add_parser("freeze", help="keep the contract as that of a release").add_argument("version")
    given = parser.parse_args()
    if given.command == "freeze":
        freeze(given.version)
    elif given.command == "check":
        check()
    else:
        write()


if __name__ == "__main__":
    main()
