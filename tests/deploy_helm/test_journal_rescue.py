"""The job that delivers the journal of an ingest that does not come back, run as in its container but for the image."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from schemas import CLICKS_RAW
from tests.faults.visitors import Visitors
from tests.pipeline import Pipeline, decoded, running_pipeline
from tests.waiting import PATIENCE_S


def rescue(environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "deploy.journal_rescue"]
    # The container's environment: none of the variables that say which servers tests use.
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CLICKRAIL_")}
    environ = ours | environ
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


@pytest.mark.servers
@pytest.mark.processes
async def test_the_clicks_of_a_lost_pod_are_delivered_once_and_its_journal_is_empty(
    tmp_path: Path, kafka: str, database_url: str, valkey: str, topic_prefix: str
) -> None:
    pipeline = Pipeline(tmp_path, kafka, database_url, valkey, topic_prefix)
    away = {**pipeline.environ, "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"}
    pipeline.services["ingest"].environ = away
    async with running_pipeline(pipeline, "ingest"):
        visitors = Visitors(pipeline)
        await visitors.click(30)
    delivered_before = await pipeline.values(CLICKS_RAW)

    first = await asyncio.to_thread(rescue, pipeline.environ)
    again = await asyncio.to_thread(rescue, pipeline.environ)

    assert delivered_before == []
    assert (first.returncode, again.returncode) == (0, 0), first.stderr
    assert first.stdout.startswith(f"30 clicks wait in {tmp_path / 'ingest' / 'journal'}\n")
    clicks = [str(click["click_id"]) for click in decoded(await pipeline.values(CLICKS_RAW))]
    assert sorted(clicks) == sorted(visitors.answered)


def test_a_claim_without_a_journal_is_an_error(tmp_path: Path) -> None:
    done = rescue({"CLICKRAIL_INGEST_DATA_DIR": str(tmp_path)})

    assert (done.returncode, done.stderr) == (1, f"{tmp_path / 'journal'}: there is no journal\n")
