"""Columns are the fields of the records, no more and no less, and the tables have them."""

import re
from typing import Annotated, get_args, get_origin

import msgspec
import pytest

from runtime.migration_files import find_migrations
from schemas import ClientHints, Counts, DeadLetter, EnrichedClick, Fetch, Guards, RejectedClick, Utm
from storage import columns
from storage.tables import CLICKS, DEAD_LETTERS, REJECTED_CLICKS

STORED_WHOLE = (Counts, Guards)
NOT_STORED = {
    "rejected.handled.sequence",
    "rejected.handled.steps_us",
    "rejected.handled.key_ids",
    "dead.schema_version",
}


def paths_of(kind: type[msgspec.Struct]) -> set[str]:
    paths: set[str] = set()
    for field in msgspec.structs.fields(kind):
        parts = {"client_hints": ClientHints, "fetch": Fetch, "utm": Utm}
        plain = get_args(field.type)[0] if get_origin(field.type) is Annotated else field.type
        part = plain if isinstance(plain, type) and issubclass(plain, msgspec.Struct) else None
        inner = None if plain in STORED_WHOLE else part or parts.get(field.name)
        paths |= {f"{field.name}.{one}" for one in inner.__struct_fields__} if inner else {field.name}
    return paths


def test_every_field_of_an_enriched_click_has_its_column() -> None:
    stored = {*columns.CLICK, *columns.HINTS, *columns.FETCH, *columns.UTM, *columns.CLICK_JSON}

    assert paths_of(EnrichedClick) == stored


def test_every_field_of_a_rejection_and_a_letter_has_its_column_but_for_the_named_ones() -> None:
    rejection = paths_of(RejectedClick) - {name.removeprefix("rejected.") for name in NOT_STORED}
    letter = paths_of(DeadLetter) - {name.removeprefix("dead.") for name in NOT_STORED}

    assert rejection == set(columns.REJECTION)
    assert letter == set(columns.LETTER)


@pytest.mark.parametrize("table", [CLICKS, REJECTED_CLICKS, DEAD_LETTERS], ids=lambda table: table.name)
def test_the_migration_declares_each_column(table: object) -> None:
    assert isinstance(table, type(CLICKS))
    sql = "\n".join(migration.sql for migration in find_migrations("storage").migrations).replace('"', "")
    body = sql.split(f"CREATE TABLE {table.name} (")[1].split("\n)")[0]
    declared = {line.split()[0] for line in body.splitlines() if line.strip() and line.split()[0].islower()}
    declared |= set(re.findall(rf"ALTER TABLE {table.name} ADD COLUMN (\w+)", sql))

    assert set(table.columns) == declared - {"stored_at", "batch_id", "erased_at"}
