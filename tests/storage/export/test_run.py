"""Exports of a real PostgreSQL: each form has the same rows, in the same order, and no file is ever half."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pyarrow.parquet
import pytest

from cli.tables import bring_up_to_date
from schemas import EnrichedClick
from storage.export.plan import ExportPlan, Format
from storage.export.rows import OutputClosed, OutputError
from storage.export.run import Export, run_export
from storage.read.click_filters import ClickFilters
from storage.read.queries import RejectionFilters
from tests.console.builders import NOW, enriched_click, rejected_click, store

pytestmark = pytest.mark.servers

DAY = NOW.date()
ODD = ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1"]
UNICODE = 'ä "quoted", 日本\u202e \U0001f600 a\\b\nline'
ALL_CLICKS = ExportPlan(kind="clicks", filters=ClickFilters())
PERSONAL = msgspec.structs.replace(ALL_CLICKS, is_personal=True)


class Heard:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.days: list[tuple[date, int | None]] = []

    def on_amount(self, amount: int) -> None:
        assert amount > 0

    def on_day(self, day: date, rows: int | None) -> None:
        self.days.append((day, rows))


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(database_url)
    await bring_up_to_date(opened)
    # Times are of UTC, whatever the session says.
    await opened.execute("SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'German'; SET bytea_output = 'escape'")
    yield opened
    await opened.close()


def clicks() -> list[EnrichedClick]:
    """Give clicks of three days, of which the second has none, stored in no order."""
    return [
        enriched_click(NOW + timedelta(days=2), 1),
        *(enriched_click(NOW, number, sub1=text) for number, text in enumerate(ODD)),
        enriched_click(NOW, 9, sub1=UNICODE, sub2="", ad_ids={"gclid": "=1"}, truncated=["query", "path"]),
        enriched_click(NOW - timedelta(seconds=5), 3, sub1=None),
    ]


def ids(of: list[EnrichedClick]) -> list[str]:
    return [one.click_id for one in sorted(of, key=lambda one: (one.clicked_at, one.click_id))]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def export(
    connection: asyncpg.Connection, form: Format, plan: ExportPlan = ALL_CLICKS, days: int = 1, **places: Any
) -> tuple[bytes, Heard]:
    stream, heard = io.BytesIO(), Heard()
    chosen = [DAY + timedelta(days=number) for number in range(days)]
    await run_export(connection, Export(plan, form, **places), chosen, stream, heard)
    return stream.getvalue(), heard


def read_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


async def test_each_form_has_the_same_rows_in_the_order_of_time_and_id(
    connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await store(connection, clicks())

    as_csv, heard = await export(connection, "csv", days=3)
    as_json, _ = await export(connection, "jsonl", days=3)
    await export(connection, "parquet", days=3, path=tmp_path / "a.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pydict()

    rows, lines = read_csv(as_csv), [json.loads(line) for line in as_json.splitlines()]
    expected = ids(clicks())
    assert [row["click_id"] for row in rows] == expected
    assert [line["click_id"] for line in lines] == expected
    assert table["click_id"] == expected
    assert list(rows[0]) == list(lines[0]) == list(table)
    assert heard.days == [(DAY, 8), (DAY + timedelta(days=1), 0), (DAY + timedelta(days=2), 1)]
    assert rows[1]["clicked_at"] == lines[1]["clicked_at"] == "2026-11-24T09:30:12.500000Z"
    assert table["clicked_at"][1] == datetime(2026, 11, 24, 9, 30, 12, 500_000, tzinfo=UTC)


async def test_values_arrive_as_they_are_and_formulas_of_csv_as_texts(
    connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await store(connection, clicks())

    rows = {row["click_id"]: row for row in read_csv((await export(connection, "csv", PERSONAL))[0])}
    lines = [json.loads(line) for line in (await export(connection, "jsonl", PERSONAL))[0].splitlines()]
    await export(connection, "parquet", PERSONAL, path=tmp_path / "a.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist()

    for click in clicks()[1:]:
        (line,) = [one for one in lines if one["click_id"] == click.click_id]
        (row,) = [one for one in table if one["click_id"] == click.click_id]
        cell = rows[click.click_id]["sub1"]
        assert line["sub1"] == row["sub1"] == click.sub1
        assert cell == (f"'{click.sub1}" if click.sub1 in ODD else click.sub1 or "")
        assert line["truncated"] == row["truncated"] == json.loads(rows[click.click_id]["truncated"]) == click.truncated
        assert line["ad_ids"] == click.ad_ids
        assert line["sub2"] == click.sub2
        assert row["is_bot"] is False
        assert (rows[click.click_id]["is_bot"], rows[click.click_id]["unique_window_s"]) == ("false", "86400")


async def test_filters_choose_clicks_and_rejections(connection: asyncpg.Connection) -> None:
    bot = msgspec.structs.replace(enriched_click().bot, is_bot=True)
    await store(connection, [enriched_click(NOW, 1, bot=bot), enriched_click(NOW, 2), rejected_click(NOW, 3)])
    await store(connection, [rejected_click(NOW, 4, reason="R101")])
    bots = ExportPlan(kind="clicks", filters=ClickFilters(visitors="bots", program_id="prg_shoes", country="PT"))
    unknown = ExportPlan(kind="rejections", filters=RejectionFilters(reason="R102"))

    assert [row["is_bot"] for row in read_csv((await export(connection, "csv", bots))[0])] == ["true"]
    (rejection,) = read_csv((await export(connection, "csv", unknown))[0])
    assert (rejection["reason"], rejection["referrer_host"], "user_agent" in rejection) == (
        "R102",
        "blog.example",
        False,
    )


async def test_nothing_is_an_empty_export_with_its_columns(connection: asyncpg.Connection, tmp_path: Path) -> None:
    as_csv, heard = await export(connection, "csv")
    as_json, _ = await export(connection, "jsonl")
    await export(connection, "parquet", path=tmp_path / "none.parquet")

    assert as_csv.decode().startswith("click_id,clicked_at,code")
    assert (len(as_csv.splitlines()), as_json, heard.days) == (1, b"", [(DAY, 0)])
    assert pyarrow.parquet.read_table(tmp_path / "none.parquet").num_rows == 0


async def test_a_folder_has_a_file_for_each_day_and_days_that_are_there_are_passed_over(
    connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await store(connection, clicks())
    folder = tmp_path / "out"
    first = DAY + timedelta(days=1)

    await export(connection, "csv", days=2, path=folder, is_folder=True)
    (folder / f"clicks-{first}.csv").unlink()
    (folder / f".clicks-{first}.csv.part").write_text("of a run that was killed")
    (folder / f"clicks-{DAY}.csv").write_text("as it is")
    _, heard = await export(connection, "csv", days=3, path=folder, is_folder=True)

    assert heard.days == [(DAY, None), (first, 0), (first + timedelta(days=1), 1)]
    assert (folder / f"clicks-{DAY}.csv").read_text() == "as it is"
    assert names_in(folder) == [
        f"clicks-{DAY}.csv",
        f"clicks-{first}.csv",
        f"clicks-{first + timedelta(days=1)}.csv",
        "export.json",
    ]


async def test_a_folder_takes_no_days_of_another_export(connection: asyncpg.Connection, tmp_path: Path) -> None:
    await export(connection, "csv", path=tmp_path, is_folder=True)

    with pytest.raises(OutputError, match=r"has files of another export \(see export.json in it\)"):
        await export(connection, "csv", PERSONAL, path=tmp_path, is_folder=True)
    (tmp_path / "export.json").write_text("{")
    with pytest.raises(OutputError, match="has files of another export"):
        await export(connection, "csv", path=tmp_path, is_folder=True)


async def test_a_file_that_is_there_or_cannot_be_made_is_said(connection: asyncpg.Connection, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("")

    with pytest.raises(OutputError, match="is there already: remove it"):
        await export(connection, "csv", path=tmp_path / "there")
    with pytest.raises(OutputError, match=r"cannot write .*/none/a: No such file"):
        await export(connection, "csv", path=tmp_path / "none" / "a")


class Broken(io.BytesIO):
    """A file that raises when it is written."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def write(self, data: Any) -> int:
        raise self._error


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(28, "No space left on device"), OutputError), (BrokenPipeError(32, "Broken pipe"), OutputClosed)],
)
async def test_a_disk_that_is_full_is_no_outage_of_postgresql(
    connection: asyncpg.Connection, error: OSError, raised: type[OutputError]
) -> None:
    with pytest.raises(raised):
        await run_export(connection, Export(ALL_CLICKS, "csv"), [DAY], Broken(error), Heard())


async def test_a_file_that_broke_off_leaves_nothing(connection: asyncpg.Connection, tmp_path: Path) -> None:
    await connection.execute("DROP VIEW clicks_now CASCADE")

    with pytest.raises(asyncpg.UndefinedTableError):
        await export(connection, "csv", path=tmp_path / "a.csv")

    assert names_in(tmp_path) == []
