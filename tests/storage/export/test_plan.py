"""What an export has: the columns, the rows of a day, and the texts of cells."""

from datetime import date

import pytest

from storage.analysts.table_reference import TABLES
from storage.export.plan import SAFE_TEXT, TIME, ExportPlan, days_between, write_cell
from storage.read.click_filters import ClickFilters
from storage.read.queries import RejectionFilters

DAY = date(2026, 11, 24)


def column_names(plan: ExportPlan) -> set[str]:
    select, _ = plan.write_day(DAY, names=True)
    return {
        one.rpartition(" AS ")[2] for one in select.partition(" FROM (SELECT * FROM ")[0].split(", ") if " AS " in one
    }


def test_personal_columns_are_exported_only_on_demand() -> None:
    personal = set(TABLES["clicks"].personal_columns)
    usual = column_names(ExportPlan(kind="clicks", filters=ClickFilters()))
    all_of_them = column_names(ExportPlan(kind="clicks", filters=ClickFilters(), is_personal=True))

    assert usual & personal == set()
    assert all_of_them - usual == personal
    assert {"click_id", "now_band", "program_name", "counts", "fetch_mode", "stored_at"} <= usual


def test_a_day_is_bounded_on_both_sides_and_ordered_by_time_and_id() -> None:
    select, values = ExportPlan(kind="rejections", filters=RejectionFilters(asked="a", reason="R102")).write_day(
        DAY, names=False
    )

    assert select.endswith("ORDER BY source.rejected_at, source.rejection_id")
    assert "WHERE asked = $1 AND reason = $2 AND (rejected_at >= $3 AND rejected_at < $4)" in select
    assert [value.isoformat() for value in values[2:]] == ["2026-11-24T00:00:00+00:00", "2026-11-25T00:00:00+00:00"]


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("int8", "x::text"),
        ("timestamptz", TIME.format("x")),
        ("text", SAFE_TEXT.format("x")),
        ("jsonb", "to_jsonb(x)::text"),
        ("text[]", "to_jsonb(x)::text"),
    ],
)
def test_a_cell_of_csv_is_a_text(kind: str, cell: str) -> None:
    assert write_cell("x", kind) == cell


def test_the_day_at_the_end_is_not_exported() -> None:
    assert days_between(DAY, date(2026, 11, 26)) == [DAY, date(2026, 11, 25)]
    assert days_between(DAY, DAY) == []
