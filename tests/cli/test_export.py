"""`clickrail export` as a process: memory does not grow with the rows, a killed run goes on, an error is one line."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pyarrow.parquet
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.tables import bring_up_to_date
from tests.waiting import PATIENCE_S, eventually

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
MAIN = """
import resource, sys
from cli.main import main
try:
    main()
finally:
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""
MADE = """
    INSERT INTO rejected_clicks (rejection_id, rejected_at, reason, status, asked, host, user_agent, handled_region,
        handled_process, schema_version, published_at)
    SELECT lpad(n::text, 26, '0'), $2::timestamptz + make_interval(secs => n * $3), 'R102', 404, 'code' || n,
        'go.shop.example', repeat('agent ', 100), 'local', '01KAT2Z0QG4N5J8T6M7R9V1W3X', '1.4', $2
    FROM generate_series(0, $1 - 1) AS n
"""
BOUND_KIB = 64 * 1024


async def make_rejections(database_url: str, number: int, days: int) -> None:
    connection = await asyncpg.connect(database_url)
    await bring_up_to_date(connection)
    await connection.execute(MADE, number, FIRST, days * 86_400 / number)
    await connection.close()


def arguments(*more: str) -> list[str]:
    return [sys.executable, "-c", MAIN, "export", "rejections", "--from", f"{FIRST.date()}", "--personal", *more]


def environ(database_url: str) -> dict[str, str]:
    return os.environ | {"CLICKRAIL_DATABASE_URL": database_url}


def run(database_url: str, *more: str) -> int:
    """Export; give the peak of memory in KiB."""
    done = subprocess.run(
        arguments(*more), env=environ(database_url), capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    assert "rows exported." in done.stderr
    return int(done.stderr.split("peak ")[1])


@pytest.mark.servers
@pytest.mark.slow
async def test_memory_does_not_grow_with_the_rows(database_url: str, tmp_path: Path) -> None:
    await make_rejections(database_url, 200_000, 40)
    few, all_of_them = f"{FIRST.date() + timedelta(days=1)}", f"{FIRST.date() + timedelta(days=40)}"

    for form in ("csv", "parquet"):
        small = await asyncio.to_thread(
            run, database_url, "--to", few, "--format", form, "--out", str(tmp_path / f"few.{form}")
        )
        large = await asyncio.to_thread(
            run, database_url, "--to", all_of_them, "--format", form, "--out", str(tmp_path / f"all.{form}")
        )

        assert large - small < BOUND_KIB, form
    with (tmp_path / "all.csv").open("rb") as file:
        assert sum(len(line) for line in file) > 2 * BOUND_KIB * 1024
    assert pyarrow.parquet.read_metadata(tmp_path / "all.parquet").num_rows == 200_000


@pytest.mark.servers
@pytest.mark.slow
async def test_a_killed_export_into_a_folder_goes_on_with_the_day_that_is_missing(
    database_url: str, tmp_path: Path
) -> None:
    await make_rejections(database_url, 20_000, 10)
    folder, until = tmp_path / "days", f"{FIRST.date() + timedelta(days=10)}"
    given = ("--to", until, "--out", f"{folder}/")
    process = await asyncio.create_subprocess_exec(
        *arguments(*given), env=environ(database_url), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    await eventually(lambda: len(list(folder.glob("*.csv"))) >= 2)
    process.kill()
    await process.wait()
    whole = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.csv")}

    await asyncio.to_thread(run, database_url, *given)
    await asyncio.to_thread(run, database_url, "--to", until, "--out", str(tmp_path / "one.csv"))

    files = sorted(folder.glob("*.csv"))
    lines = [line for path in files for line in path.read_bytes().splitlines()[1:]]
    assert len(files) == 10
    assert lines == (tmp_path / "one.csv").read_bytes().splitlines()[1:]
    assert {name: (folder / name).stat().st_mtime_ns for name in whole} == whole
    assert [path.name for path in folder.iterdir() if path.name.endswith(".part")] == []


def call(arguments: Sequence[str], database_url: str = "postgresql://nobody@127.0.0.1:1/none") -> Result:
    return CliRunner().invoke(app, ["export", *arguments], env={"CLICKRAIL_DATABASE_URL": database_url})


@pytest.mark.servers
async def test_rows_go_to_standard_output_and_what_is_said_to_standard_error(database_url: str) -> None:
    await make_rejections(database_url, 10, 10)
    given = ("rejections", "--from", "2026-01-02", "--to", "2026-01-04", "--reason", "R102")

    done = await asyncio.to_thread(call, given, database_url)

    assert done.exit_code == 0, done.stderr
    assert [line.split(",")[0][-2:] for line in done.stdout.splitlines()] == ["id", "01", "02"]
    assert done.stderr.splitlines() == ["2026-01-02: 1 row", "2026-01-03: 1 row", "2 rows exported."]


@pytest.mark.servers
async def test_a_reader_that_goes_away_ends_the_export_without_a_word(database_url: str) -> None:
    await make_rejections(database_url, 2_000, 1)
    command = f"{sys.executable} -c 'from cli.main import main; main()' export rejections --from 2026-01-01"

    done = await asyncio.to_thread(
        subprocess.run,
        ["/bin/bash", "-c", f"{command} --to 2026-01-02 --personal | head -1"],
        env=environ(database_url),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )

    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_the_running_day_is_left_out_unless_asked_for() -> None:
    today = datetime.now(UTC).date()

    refused = call(["clicks", "--from", f"{today}"])

    assert (refused.exit_code, "has no complete day yet" in refused.stderr) == (2, True)
    assert "nothing listens at the address" in call(["clicks", "--from", f"{today}", "--include-today"]).stderr


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("clicks", "--to", "2026-11-01"), "--to must be later than --from"),
        (("clicks", "--format", "parquet"), "Parquet cannot go to standard output"),
        (("rejections", "--visitors", "bots"), "--visitors is for clicks only"),
        (("clicks", "--reason", "R102"), "--reason is for rejections only"),
    ],
)
def test_an_error_is_one_line_that_says_what_to_do(given: tuple[str, ...], message: str) -> None:
    refused = call([*given, "--from", "2026-11-01"])

    assert (refused.exit_code, message in refused.stderr, len(refused.stderr.splitlines())) == (2, True, 1)
