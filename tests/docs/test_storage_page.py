"""What docs/storage.md shows to analysts runs as it stands there."""

import re
import subprocess
import sys
import uuid
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest

from cli.tables import bring_up_to_date
from docs.generate import FOLDER
from storage.export.plan import ExportPlan, Format
from storage.export.run import Export, run_export
from storage.read.click_filters import ClickFilters
from tests.console.builders import NOW, enriched_click, store
from tests.storage.export.test_run import Heard
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.servers

PAGE = (FOLDER / "storage.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str, containing: str) -> str:
    (found,) = [text for kind, text in BLOCK.findall(PAGE) if kind == language and containing in text]
    return str(found)


def run(code: str, folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


async def test_duckdb_and_pandas_read_what_was_exported(database_url: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(database_url)
    await bring_up_to_date(connection)
    person = msgspec.structs.replace(enriched_click().bot, kind="person")
    unique = msgspec.structs.replace(enriched_click().unique, is_unique=True, status="judged")
    namibia = msgspec.structs.replace(enriched_click().geo, country="NA")
    known = {"bot": person, "unique": unique}
    await store(
        connection,
        [
            enriched_click(NOW, 1, **known),
            enriched_click(NOW, 2, **known, geo=namibia),
            enriched_click(NOW + timedelta(days=1), 3, **known),
            enriched_click(NOW, 4, **known, is_test=True),
        ],
    )
    days = [NOW.date(), NOW.date() + timedelta(days=1)]
    await export_to(connection, tmp_path / "clicks", "parquet", days)
    await export_to(connection, tmp_path / "week.csv", "csv", days)
    await connection.close()

    as_table = run(blocks("python", "import duckdb"), tmp_path)
    as_series = run(blocks("python", "import pandas"), tmp_path)

    assert [re.findall(r"\w+", line) for line in as_table if "prg_shoes" in line] == [
        ["prg_shoes", "PT", "2"],
        ["prg_shoes", "NA", "1"],
    ]
    assert [line.split() for line in as_series if "spring-26" in line] == [
        ["2026-11-24", "spring-26", "2"],
        ["2026-11-25", "spring-26", "1"],
    ]


async def export_to(connection: asyncpg.Connection, path: Path, form: Format, days: list[date]) -> None:
    export = Export(ExportPlan(kind="clicks", filters=ClickFilters()), form, path, is_folder=form == "parquet")
    await run_export(connection, export, days, sys.stdout.buffer, Heard())


async def test_the_login_that_an_administrator_makes_is_that_of_the_command(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await bring_up_to_date(connection)
    name, schema = f"ana_{uuid.uuid4().hex[:8]}", await connection.fetchval("SELECT current_schema()")
    shown = blocks("sql", "CREATE ROLE ana").replace("ana ", f"{name} ").replace("= public", f"= {schema}")

    # The group is there already.
    await connection.execute(shown.partition("\n")[2])
    analyst = await asyncpg.connect(database_url.partition("?")[0], user=name, password="secret")
    counted = await analyst.fetchval("SELECT count(*) FROM analytics_clicks")
    settings = [await analyst.fetchval(f"SHOW {one}") for one in ("statement_timeout", "transaction_read_only")]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await analyst.fetch("SELECT * FROM clicks")
    await analyst.close()
    await connection.execute(f"DROP ROLE {name}")
    await connection.close()

    assert (counted, settings) == (0, ["1min", "on"])
