"""Columns are the fields of the records, no more and no less, and the tables have them."""

import re
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import msgspec
import pytest

from runtime.migration_files import find_migrations
from schemas import ClientHints, Counts, DeadLetter, EnrichedClick, Fetch, Guards, RejectedClick, Utm, decode
from storage import columns
from storage.columns import CLICK_COLUMNS, LETTER_COLUMNS, REJECTION_COLUMNS, click_row, letter_row, rejection_row
from storage.tables import CLICKS, DEAD_LETTERS, REJECTED_CLICKS
from tests.sink.builders import NOW, click

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


def test_a_row_has_a_value_for_each_column_in_its_order() -> None:
    row = dict(zip(CLICK_COLUMNS, click_row(click(), NOW), strict=True))

    assert (row["geo_country"], row["utm_source"], row["is_bot"]) == ("PT", "mail", False)
    assert (row["ad_ids"], row["enriched_at"]) == ('{"gclid":"Cj0K"}', NOW)
    assert len(set(REJECTION_COLUMNS)) == len(REJECTION_COLUMNS)
    assert len(set(LETTER_COLUMNS)) == len(LETTER_COLUMNS)


SCHEMAS = Path(__file__).parents[2] / "schemas"
ROWS: list[tuple[str, Any, int]] = [
    ("clicks.enriched", lambda value: click_row(decode(EnrichedClick, value), NOW), len(CLICK_COLUMNS)),  # type: ignore[arg-type]  # a good example is a record
    ("clicks.rejected", lambda value: rejection_row(decode(RejectedClick, value), NOW), len(REJECTION_COLUMNS)),  # type: ignore[arg-type]  # as above
    ("clicks.dead", lambda value: letter_row(decode(DeadLetter, value)), len(LETTER_COLUMNS)),  # type: ignore[arg-type]  # as above
]


@pytest.mark.parametrize(("topic", "make_row", "columns"), ROWS, ids=[topic for topic, _, _ in ROWS])
def test_each_good_example_of_the_contract_and_of_its_releases_makes_a_row(
    topic: str, make_row: Any, columns: int
) -> None:
    examples = [*SCHEMAS.glob(f"examples/{topic}/good/*"), *SCHEMAS.glob(f"released/*/examples/{topic}/good/*")]

    assert {len(make_row(path.read_bytes())) for path in examples} == {columns}
