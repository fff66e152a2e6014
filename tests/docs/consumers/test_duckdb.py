"""The sample for DuckDB, on what kcat saves of a topic, on a machine far from UTC."""

import os
import re
import shutil
import subprocess
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pytest

from schemas import CLICKS_ENRICHED
from tests.docs.consumers.programs import SAMPLES
from tests.docs.consumers.topics import Topics
from tests.docs.duckdb_program import write_duckdb
from tests.waiting import PATIENCE_S

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(shutil.which("kcat") is None, reason="there is no kcat: apt-get install kcat"),
]


def count_people(topics: Topics) -> list[str]:
    """Give the lines that the sample prints: an hour, a code, and how many clicks people made."""
    clicks: dict[tuple[datetime, str], set[str | None]] = defaultdict(set)
    for record in topics.sent:
        click = record.value
        if record.topic == CLICKS_ENRICHED.name and not (
            click["bot"]["is_bot"] or click["prefetch"] or click.get("is_test")
        ):
            hour = datetime.fromisoformat(click["clicked_at"]).replace(minute=0, second=0, microsecond=0, tzinfo=None)
            clicks[hour, click["code"]].add(record.key)
    ordered = sorted(clicks.items(), key=lambda group: (group[0][0], -len(group[1]), group[0][1]))
    return [f"{hour}, {code}, {len(ids)}" for (hour, code), ids in ordered]


def test_duckdb_counts_clicks_by_hour_of_utc_from_what_kcat_saves(topics: Topics, tmp_path: Path) -> None:
    write_duckdb(tmp_path)
    shutil.copy(SAMPLES / "duckdb_clicks.sql", tmp_path)
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", (SAMPLES / "duckdb.md").read_text(), re.MULTILINE | re.DOTALL)
    (block,) = [text for language, text in blocks if language == ""]
    commands = block.replace("127.0.0.1:19092", topics.kafka).replace(
        "clicks.enriched", f"{topics.prefix}clicks.enriched"
    )
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", commands],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TZ": "Asia/Kolkata"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert (done.stderr, done.returncode) == ("", 0)
    assert len((tmp_path / "clicks.ndjson").read_text().splitlines()) == sum(
        record.topic == CLICKS_ENRICHED.name for record in topics.sent
    )
    assert done.stdout.splitlines() == count_people(topics)
