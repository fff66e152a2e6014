"""The command as a person calls it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from deploy.local.folder import lock_folder
from deploy.local.ports import free_port
from tests.forking import Ended, Forker

pytestmark = pytest.mark.processes


async def status(forker: Forker, folder: Path, *arguments: str, **environ: str) -> Ended:
    outer = {name: text for name, text in os.environ.items() if not name.startswith("CLICKRAIL_")}
    given = {**outer, "CLICKRAIL_LOCAL_DATA_DIR": str(folder), **environ}
    return await forker.run("from cli.main import main; main()", given, ["status", *arguments])


def found_in(output: str) -> dict[str, Any]:
    return {one["what"]: one for one in json.loads(output)}


async def test_where_no_stack_runs_it_says_how_to_start_one(forker: Forker, tmp_path: Path) -> None:
    zeros = {f"CLICKRAIL_{name}_PORT": "0" for name in ("INGEST", "CONSOLE", "LOCAL_LANDING", *SERVERS, *PRIVATE)}
    code, output, errors = await status(forker, tmp_path, **zeros)

    header, line = output.splitlines()
    assert (code, errors) == (1, "")
    assert header.split("\t") == ["what", "state", "problem", "remedy"]
    assert line.split("\t")[:3] == ["make up", "not running", f"no local stack runs in {tmp_path}"]


SERVERS = ("LOCAL_KAFKA", "LOCAL_KAFKA_CONTROLLER", "LOCAL_POSTGRES", "LOCAL_VALKEY")
PRIVATE = tuple(f"{service}_PRIVATE" for service in ("INGEST", "ENRICHER", "SINK", "CONSOLE"))


async def test_what_would_keep_a_stack_from_starting_is_said_beforehand(forker: Forker, tmp_path: Path) -> None:
    code, output, _ = await status(forker, tmp_path, "--json", CLICKRAIL_INGEST_PROT="1")

    assert code == 1
    assert "did you mean CLICKRAIL_INGEST_PORT?" in found_in(output)["make up"]["problem"]


async def test_a_run_that_is_not_up_yet_is_said_to_be_starting(forker: Forker, tmp_path: Path) -> None:
    with lock_folder(tmp_path):
        code, output, _ = await status(forker, tmp_path, "--json")

    assert (code, found_in(output)["make up"]["state"]) == (1, "starting")


async def test_services_that_the_environment_describes_are_looked_at(forker: Forker, tmp_path: Path) -> None:
    kafka, postgres, port = free_port(), free_port(), str(free_port())
    code, output, errors = await status(
        forker,
        tmp_path,
        "--json",
        "--only",
        "sink",
        CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{kafka}",
        CLICKRAIL_DATABASE_URL=f"postgresql://u:secret@127.0.0.1:{postgres}/d",
        CLICKRAIL_SINK_PRIVATE_PORT=port,
    )

    states = {what: one["state"] for what, one in found_in(output).items()}
    assert (code, errors) == (1, "")
    assert states == {"Kafka": "away", "PostgreSQL": "away", "sink": "not running"}
    assert "secret" not in output


async def test_a_service_that_there_is_not_is_one_line_and_exit_code_2(forker: Forker, tmp_path: Path) -> None:
    code, output, errors = await status(forker, tmp_path, "--without", "kafka")

    assert (code, output) == (2, "")
    assert errors == "clickrail: --without: there is no service 'kafka': use ingest, enricher, sink, settler, console\n"
