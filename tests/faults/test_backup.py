"""Database, keys and journal are lost, and restored by the lines of docs/backup.md: every click is there, once."""

import asyncio
import os
import re
import shutil
import sys
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from deploy.local.postgres import plan_postgres, program
from deploy.local.server import Server, running
from deploy.local.settings import LocalSettings
from identity.cookie import CookieKeys, OpenedCookie, open_cookie
from identity.keyfile import read_ring
from tests.faults.drill import Drill
from tests.faults.oracles import assert_conserved
from tests.faults.test_death_of_ingest import kill
from tests.faults.test_upgrade import is_whole
from tests.faults.visitors import Visitors
from tests.ingest.wire import ask
from tests.pipeline import Pipeline, running_pipeline
from tests.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.processes, pytest.mark.usefixtures("only_in_drill")]

ROOT: Final = Path(__file__).parents[2]
CLICKS: Final = 300
DROP: Final = "DROP DATABASE clickrail WITH (FORCE)"


def read_lines(name: str) -> str:
    """Give the block of docs/backup.md that has this name."""
    (found,) = re.findall(
        rf"^```sh {name}\n(.*?)^```$", (ROOT / "docs/backup.md").read_text(), re.DOTALL | re.MULTILINE
    )
    return str(found)


class Operator:
    """Runs the lines of the page in a shell, with the settings of a pipeline and a folder for backups."""

    def __init__(self, pipeline: Pipeline, backup: Path) -> None:
        backup.mkdir(mode=0o700)
        self.admin_url = pipeline.database_url.rpartition("/")[0] + "/postgres"
        own = {
            "BACKUP": str(backup),
            "BACKUP_DAY": f"{datetime.now(UTC):%Y-%m-%d}",
            "ADMIN_URL": self.admin_url,
            "PATH": f"{program('psql').parent}:{backup}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLICKRAIL_")}
        self._environ: Mapping[str, str] = inherited | pipeline.environ | own
        write_command(backup / "clickrail")

    async def follow(self, name: str) -> str:
        """Run a block of the page; give what it printed."""
        return await self.run(read_lines(name))

    async def run(self, script: str) -> str:
        shell = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", script),
            env=self._environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output = (await shell.communicate())[0].decode()
        assert shell.returncode == 0, output
        return output


def write_command(path: Path) -> None:
    """Make `clickrail` a program of this tree, wherever it is installed."""
    path.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'from cli.main import main; main()' \"$@\"\n")
    path.chmod(0o755)


@pytest.fixture
async def server(own_settings: LocalSettings) -> AsyncIterator[Server]:
    async with running(await plan_postgres(own_settings)) as started:
        yield started


async def click_with(pipeline: Pipeline, cookie: str = "") -> tuple[str, str]:
    """Follow the link as a browser that has a cookie or none; give the cookie that it gets, and the id of its click."""
    answer = await ask(pipeline.port, "/ref/abc123", {"Cookie": cookie} if cookie else None)
    assert answer.cookie is not None
    name, value = answer.cookie
    opened = open_cookie(CookieKeys(read_ring(pipeline.folder / "keys.json")), name, value, int(time.time()))
    assert isinstance(opened, OpenedCookie)
    return f"{name}={value}", opened.click_id


async def lose_everything(pipeline: Pipeline, operator: Operator) -> None:
    for name in ("sink", "enricher"):
        await pipeline.services[name].stop()
    await operator.run(f'psql "$ADMIN_URL" --command="{DROP}"')
    (pipeline.folder / "keys.json").unlink()
    shutil.rmtree(pipeline.folder / "ingest")


@pytest.mark.timeout(1200)
async def test_every_click_and_every_cookie_is_there_after_a_restore_by_the_lines_of_the_page(
    tmp_path: Path, server: Server, freezable_kafka: Server, valkey: str, topic_prefix: str, drill: Drill
) -> None:
    pipeline = Pipeline(tmp_path, freezable_kafka.address, server.address, valkey, topic_prefix)
    operator = Operator(pipeline, tmp_path / "backup")
    async with running_pipeline(pipeline):
        visitors = Visitors(pipeline)
        cookie, first = await click_with(pipeline)
        visitors.answered.append(first)
        await visitors.click(CLICKS)
        await assert_conserved(pipeline, visitors)
        for name in ("backup", "base"):
            await operator.follow(name)
        await visitors.click(CLICKS)
        await assert_conserved(pipeline, visitors)

        freezable_kafka.freeze()
        await visitors.click(CLICKS)
        await kill(pipeline)
        await operator.follow("journal")
        freezable_kafka.thaw()
        await lose_everything(pipeline, operator)

        await operator.follow("restore")
        began = time.monotonic()
        await pipeline.start()
        await assert_conserved(pipeline, visitors)
        took_s = time.monotonic() - began
        closed = (await operator.follow("close")).splitlines()
        await eventually(lambda: is_whole(pipeline))
        _, again = await click_with(pipeline, cookie)
        await eventually(lambda: is_stored_after(pipeline, again, first))

    assert [line.split("\t")[:2] for line in closed if line.startswith("clicks\t")] == [["clicks", "0"]] * 2
    what = f"{3 * CLICKS} clicks; database, keys and journal lost and restored from before {2 * CLICKS} of them"
    drill.note("27", what, f"0 missing, 0 doubled, cookies readable, {took_s:.0f} s", "missing 0, doubled 0", met=True)


async def is_stored_after(pipeline: Pipeline, click_id: str, previous: str) -> bool:
    """Whether a click is stored as the one that followed another, which its cookie said."""
    rows = await pipeline.rows("SELECT previous_click_id FROM clicks WHERE click_id = $1", click_id)
    assert all(row[0] == previous for row in rows)
    return bool(rows)
