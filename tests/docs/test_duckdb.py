"""The commands with DuckDB in our documents, run as they stand there; `kcat` gives records as the topic has them."""

import os
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec
import pytest

from docs.generate import FOLDER
from schemas import EnrichedClick
from schemas.enriched_parts import Bot, Geo
from tests.console.builders import NOW, enriched_click
from tests.docs.duckdb_program import write_duckdb
from tests.waiting import PATIENCE_S

BLOCK: Final = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KCAT: Final = "#!/bin/sh\nexec cat records\n"

PORTUGAL, FRANCE = (Geo(status="found", country=country) for country in ("PT", "FR"))
CLICKS: Final = [
    enriched_click(NOW, 1, code="a", geo=PORTUGAL),
    enriched_click(NOW, 1, code="a", geo=PORTUGAL),  # the topic may repeat a record
    enriched_click(NOW, 2, code="a", geo=PORTUGAL),
    enriched_click(NOW + timedelta(hours=1), 3, code="b", geo=FRANCE),
    enriched_click(NOW, 4, code="a", geo=FRANCE, bot=Bot(is_bot=True, reasons=["crawler"])),
    enriched_click(NOW, 5, code="a", geo=FRANCE, prefetch=True),
    enriched_click(NOW, 6, code="a", geo=FRANCE, is_test=True),
]


def run(page: Path, folder: Path, clicks: list[EnrichedClick]) -> list[str]:
    """Run the one block of a page that calls duckdb, and give the rows it prints."""
    (block,) = [block for block in BLOCK.findall(page.read_text(encoding="utf-8")) if "duckdb -c" in block]
    records = b"\n".join(map(msgspec.json.encode, clicks)) + b"\n"
    for name in ("records", "clicks.ndjson"):
        (folder / name).write_bytes(records)
    write_duckdb(folder)
    (folder / "kcat").write_text(KCAT)
    (folder / "kcat").chmod(0o755)
    # Half an hour apart from whole hours of UTC.
    environ = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "TZ": "Asia/Kolkata"}
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", block],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout.splitlines()


def test_the_readme_counts_people_by_country_and_each_click_once(tmp_path: Path) -> None:
    assert run(FOLDER.parent / "README.md", tmp_path, CLICKS) == ["PT, 2", "FR, 1"]


def test_the_page_for_data_teams_counts_by_hour_and_code(tmp_path: Path) -> None:
    hours = ["2026-11-24 09:00:00+00:00, a, 2", "2026-11-24 10:00:00+00:00, b, 1"]
    assert run(FOLDER / "data-teams.md", tmp_path, CLICKS) == hours


@pytest.mark.slow
@pytest.mark.parametrize("page", [FOLDER.parent / "README.md", FOLDER / "data-teams.md"], ids=["README", "data-teams"])
def test_one_click_is_enough(page: Path, tmp_path: Path) -> None:
    (row,) = run(page, tmp_path, [enriched_click(NOW, 1)])
    assert row.endswith(", 1")
