"""An upgrade of each stage under load, and back: the version before runs on the newest tables, and loses nothing."""

import asyncio
import io
import os
import re
import signal
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

import pytest

from deploy.local.ports import free_port
from tests.faults.drill import Drill
from tests.faults.oracles import assert_conserved
from tests.faults.visitors import Visitors
from tests.pipeline import Pipeline, Service, running_pipeline
from tests.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.processes, pytest.mark.usefixtures("only_in_drill")]

ROOT: Final = Path(__file__).parents[2]
RATE: Final = 200
CONSOLE: Final = {"CLICKRAIL_CONSOLE_PASSWORD": "correct horse battery", "CLICKRAIL_CONSOLE_PORT": str(free_port())}
UPGRADE: Final = ("sink", "enricher", "ingest")
"""Readers first. On the way back the same order, so that readers are older than who writes."""
CHANGES: Final = {
    "the newest migration of storage": ("--diff-filter=A", "--", "storage/migrations"),
    "the contract's newest minor version": ("-GSCHEMA_VERSION: Final", "--", "schemas/fields.py"),
}
MISSING: Final = """
    SELECT sum(upper(part) - lower(part)) FROM ledger_numbers, unnest(
        int8multirange(int8range(1, upper(range_merge(arrived)))) - arrived
    ) AS part
"""


def git(*arguments: str) -> bytes:
    done = subprocess.run(("git", "-C", str(ROOT), *arguments), capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"needs the history of this repository: git {arguments[0]}: {done.stderr.decode().strip()}")
    return done.stdout


def unpack_version_before(change: tuple[str, ...], folder: Path) -> str:
    """Unpack the last version without a change; give its commit."""
    newest = git("log", "-1", "--format=%H", *change).decode().strip()
    commit = git("rev-parse", "--short", f"{newest}^").decode().strip()
    with tarfile.open(fileobj=io.BytesIO(git("archive", "--format=tar", commit))) as tree:
        files = [member for member in tree if not member.issym()]
        tree.extractall(folder, files, filter="data")
    return commit


def make_older(service: Service, tree: Path) -> Service:
    """Give the same service with another version's code. It gets the settings that its documents name."""
    known = set(re.findall(r"CLICKRAIL_\w+", (tree / "docs" / "configuration.md").read_text()))
    environ = {name: value for name, value in service.environ.items() if name in known}
    older = Service(service.name, environ, service.log.with_stem(f"older-{service.name}"))
    older.tree = tree
    return older


def can_run(service: Service) -> bool:
    """Whether the packages that another version's service imports are installed here: they may have changed since."""
    start = (sys.executable, "-c", f"import {service.name}.service")
    environ = os.environ | {"PYTHONPATH": str(service.tree)}
    done = subprocess.run(start, cwd=service.tree, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or "ModuleNotFoundError" in done.stderr, done.stderr
    return done.returncode == 0


async def replace(pipeline: Pipeline, service: Service) -> None:
    """End a stage as it is, with what it has in hand, and start it as another version."""
    previous = pipeline.services[service.name]
    previous.send(signal.SIGKILL)
    await previous.stop()
    pipeline.services[service.name] = service
    await service.start()


@pytest.mark.parametrize("change", CHANGES)
async def test_each_stage_is_upgraded_and_taken_back_under_load_and_nothing_is_lost(
    pipeline: Pipeline, tmp_path: Path, drill: Drill, change: str
) -> None:
    tree = tmp_path / "older"
    commit = unpack_version_before(CHANGES[change], tree)
    newer = dict(pipeline.services)
    older = {name: one for name, service in newer.items() if can_run(one := make_older(service, tree))}
    stages = [name for name in UPGRADE if name in older]
    pipeline.services = newer | older

    async with running_pipeline(pipeline):
        visitors = Visitors(pipeline)
        async with visitors.visiting(RATE):
            for version, names in ((newer, stages), (older, stages), (newer, stages)):
                for name in names:
                    await asyncio.sleep(2)
                    await replace(pipeline, version[name])
            await asyncio.sleep(2)
        await assert_conserved(pipeline, visitors)
        await eventually(lambda: is_whole(pipeline))

    assert len(stages) > 1
    what = f"{', '.join(stages)} upgraded, taken back, upgraded under {RATE} clicks/s, from {commit}, before {change}"
    figure = f"{len(visitors.answered)} answered, 0 missing, 0 doubled"
    drill.note("26", what, figure, "missing 0, doubled 0", met=True)


async def is_whole(pipeline: Pipeline) -> bool:
    """Whether the ledger knows of no number that did not arrive."""
    (row,) = await pipeline.rows(MISSING)
    return row[0] is None


@pytest.mark.parametrize("change", CHANGES)
async def test_settler_and_console_of_before_run_on_the_newest_tables(
    pipeline: Pipeline, tmp_path: Path, drill: Drill, change: str
) -> None:
    tree = tmp_path / "older"
    commit = unpack_version_before(CHANGES[change], tree)
    await pipeline.prepare()
    ran = list[str]()
    for name in ("settler", "console"):
        if not (tree / name).is_dir():
            continue
        own = {f"CLICKRAIL_{name.upper()}_PRIVATE_PORT": str(free_port())}
        service = Service(name, pipeline.environ | own | CONSOLE, tmp_path / f"{name}.log")
        older = make_older(service, tree)
        if can_run(older):
            await older.start()
            assert await older.stop() == 0
            ran.append(name)

    assert ran
    what = f"{' and '.join(ran)} of {commit}, before {change}, on the newest tables"
    drill.note("26", what, "ready, and stopped in order", "ready", met=True)
