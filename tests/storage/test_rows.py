"""Rows have a value for each column of their table, in its order."""

from pathlib import Path
from typing import Any

import pytest

from schemas import DeadLetter, EnrichedClick, RejectedClick, decode
from storage.columns import CLICK_COLUMNS, LETTER_COLUMNS, REJECTION_COLUMNS
from storage.rows import click_row, letter_row, rejection_row
from tests.sink.builders import NOW, click


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
