"""The journal's disk full, limited, read-only or broken: redirects go on, and every click is accounted for."""

import errno
import json
import resource
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import pytest

from deploy.local.server import Server
from tests.faults.drill import Drill
from tests.faults.oracles import LOST, assert_bounded, assert_conserved, measure_recovery, pid_of
from tests.faults.preload import Faults
from tests.faults.shop import read_metric
from tests.faults.visitors import TARGETS, Visitors
from tests.pipeline import Pipeline, eventually, running_pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes]

LABELS = ("source", "medium", "campaign", "term", "content")
NAMES = [f"sub{n}" for n in range(1, 6)] + [f"utm_{label}" for label in LABELS]
QUERY = "&".join(f"{name}={'x' * 128}" for name in NAMES)
HEAVY = {f"abc123?{QUERY}": TARGETS["abc123"]}
"""Clicks of some 4 KiB each, so that fewer of them fill a memory."""
SEVERAL = 500


async def metric(pipeline: Pipeline, name: str) -> int:
    return int(await read_metric(pipeline.services["ingest"].private_port, name))


async def is_degraded(pipeline: Pipeline) -> bool:
    return await metric(pipeline, "clickrail_journal_degraded") == 1


async def read_degraded(pipeline: Pipeline) -> dict[str, str]:
    """Give what /readyz says that ingest works without, of a process that is ready."""
    url = f"http://127.0.0.1:{pipeline.services['ingest'].private_port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200
        degraded: dict[str, str] = (await answer.json())["degraded"]
        return degraded


async def is_sound(pipeline: Pipeline) -> bool:
    return not await is_degraded(pipeline)


async def click_until_some_are_lost(pipeline: Pipeline, visitors: Visitors) -> None:
    before = await metric(pipeline, LOST)
    while await metric(pipeline, LOST) < before + SEVERAL:
        await visitors.click(SEVERAL)


async def check_sound(pipeline: Pipeline, visitors: Visitors) -> None:
    """Wait until clicks are written down again, and see that they are."""
    await eventually(lambda: is_sound(pipeline))
    unwritten = await metric(pipeline, "clickrail_journal_unwritten_total")
    await visitors.click(SEVERAL)
    assert await metric(pipeline, "clickrail_journal_unwritten_total") == unwritten


@contextmanager
def no_files(pipeline: Pipeline) -> Iterator[None]:
    """Have the kernel refuse ingest every byte of every file, its log too."""
    pid = pid_of(pipeline.services["ingest"])
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def failing(faults: Faults, error: int) -> Iterator[None]:
    faults.fail_disk(error)
    try:
        yield
    finally:
        faults.fail_disk(0)


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """Have a file system of its own in a folder, in memory."""
    folder.mkdir()
    run = subprocess.run(("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder), capture_output=True, check=False)
    if run.returncode:
        pytest.skip(f"no file system can be mounted here: {run.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(("umount", "--lazy", folder), check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(("mount", "-o", f"remount,{options}", folder), check=True)


@pytest.fixture
def pipeline(tmp_path: Path, freezable_kafka: Server, database_url: str, valkey: str, topic_prefix: str) -> Pipeline:
    return Pipeline(tmp_path, freezable_kafka.address, database_url, valkey, topic_prefix)


@asynccontextmanager
async def traffic(pipeline: Pipeline) -> AsyncIterator[Visitors]:
    """Run everything; at the end the books balance, each visitor was led on, and new clicks arrive."""
    async with running_pipeline(pipeline):
        visitors = Visitors(pipeline, HEAVY)
        async with assert_bounded(pipeline):
            await visitors.click(SEVERAL)
            yield visitors
            await check_sound(pipeline, visitors)
        await assert_conserved(pipeline, visitors)
        await measure_recovery(pipeline, visitors)
    assert visitors.statuses == {302: len(visitors.answered)}
    assert (visitors.unanswered, visitors.turned_away) == (0, 0)


async def lose_some(
    pipeline: Pipeline, kafka: Server, visitors: Visitors, broken: AbstractContextManager[None]
) -> None:
    """Break the disk, and Kafka as well until neither disk nor memory takes any more."""
    with broken:
        await visitors.click(SEVERAL)
        await eventually(lambda: is_degraded(pipeline))
        kafka.freeze()
        await click_until_some_are_lost(pipeline, visitors)
        kafka.thaw()
        await visitors.click(SEVERAL)


def note(drill: Drill, what: str, visitors: Visitors, lost: int) -> None:
    told = f"{len(visitors.answered)} clicks answered 302, {lost} of them lost, each counted"
    drill.note("7", what, told, "302 = 100 %, the count exact", met=True)
    p99_ms = visitors.p99_ms()
    drill.note("7", "the same, 16 visitors at once", f"p99 {p99_ms:.1f} ms", "", met=None)


async def test_a_disk_that_takes_no_byte_costs_no_redirect_and_what_is_lost_is_counted(
    pipeline: Pipeline, freezable_kafka: Server, drill: Drill
) -> None:
    async with traffic(pipeline) as visitors:
        for _ in range(5 if drill.long else 1):
            await lose_some(pipeline, freezable_kafka, visitors, no_files(pipeline))
            await check_sound(pipeline, visitors)
        lost = await metric(pipeline, LOST)
    note(drill, "no file may grow, and Kafka is frozen until memory is full too", visitors, lost)


async def test_a_disk_that_fails_costs_no_redirect_and_what_is_lost_is_counted(
    tmp_path: Path, pipeline: Pipeline, freezable_kafka: Server, drill: Drill
) -> None:
    faults, errors = Faults(tmp_path), [errno.EIO, errno.EROFS, errno.ENOSPC] if drill.long else [errno.EIO]
    pipeline.environ |= faults.environ
    async with traffic(pipeline) as visitors:
        for error in errors:
            await lose_some(pipeline, freezable_kafka, visitors, failing(faults, error))
            await check_sound(pipeline, visitors)
        lost = await metric(pipeline, LOST)
    names = ", then ".join(errno.errorcode[error] for error in errors)
    note(
        drill,
        f"each write fails with {names}, Kafka is frozen until memory is full too",
        visitors,
        lost,
    )


@pytest.mark.usefixtures("only_in_drill")
async def test_a_disk_that_is_full_costs_no_redirect_and_what_is_lost_is_counted(
    tmp_path: Path, pipeline: Pipeline, freezable_kafka: Server, drill: Drill
) -> None:
    with mounted(tmp_path / "ingest", "size=8m"):
        async with traffic(pipeline) as visitors:
            for _ in range(3):
                freezable_kafka.freeze()
                await click_until_some_are_lost(pipeline, visitors)
                assert await is_degraded(pipeline)
                freezable_kafka.thaw()
                await check_sound(pipeline, visitors)
            lost = await metric(pipeline, LOST)
    note(drill, "a disk of 8 MiB, and Kafka is frozen until it and memory are full", visitors, lost)


async def test_clicks_that_waited_in_memory_are_on_the_disk_before_a_stop_and_none_is_lost(
    tmp_path: Path, pipeline: Pipeline, freezable_kafka: Server
) -> None:
    faults = Faults(tmp_path)
    pipeline.environ |= faults.environ | {"CLICKRAIL_INGEST_FLUSH_S": "0"}
    async with running_pipeline(pipeline):
        visitors = Visitors(pipeline)
        await visitors.click(SEVERAL)
        freezable_kafka.freeze()
        with failing(faults, errno.ENOSPC):
            await visitors.click(SEVERAL)
            assert await metric(pipeline, "clickrail_journal_in_memory_alone") > 0
        assert await pipeline.services["ingest"].stop() == 0
        freezable_kafka.thaw()
        await pipeline.start("ingest")
        await assert_conserved(pipeline, visitors)
    assert len(visitors.answered) == 2 * SEVERAL


async def test_what_a_disk_refuses_to_the_end_is_lost_and_the_log_says_how_much(
    tmp_path: Path, pipeline: Pipeline, freezable_kafka: Server
) -> None:
    faults, ingest = Faults(tmp_path), pipeline.services["ingest"]
    pipeline.environ |= faults.environ | {"CLICKRAIL_INGEST_FLUSH_S": "0"}
    async with running_pipeline(pipeline):
        visitors = Visitors(pipeline)
        freezable_kafka.freeze()
        with failing(faults, errno.ENOSPC):
            await visitors.click(SEVERAL)
            alone = await metric(pipeline, "clickrail_journal_in_memory_alone")
            assert await ingest.stop() == 0
        freezable_kafka.thaw()
        await pipeline.start("ingest")
        await assert_conserved(pipeline, visitors, lost_before=alone)
    lines = [json.loads(line) for line in ingest.log.read_text().splitlines() if line.startswith("{")]
    lost = [(line["what"], line["reason"], line["count"]) for line in lines if line["event"] == "lost for good"]
    assert lost == [("clicks", "stopped", alone)]
    assert 0 < alone <= SEVERAL


async def test_ingest_starts_on_a_disk_that_has_become_read_only_and_writes_as_soon_as_it_may(
    tmp_path: Path, pipeline: Pipeline, drill: Drill
) -> None:
    folder = tmp_path / "ingest"
    with mounted(folder, "size=64m"):
        (folder / "journal").mkdir()
        remount(folder, "ro")
        async with running_pipeline(pipeline):
            visitors = Visitors(pipeline)
            await visitors.click(SEVERAL)
            assert await is_degraded(pipeline)
            assert (await read_degraded(pipeline))["journal"] == "Read-only file system"
            remount(folder, "rw")
            await check_sound(pipeline, visitors)
            await assert_conserved(pipeline, visitors)
    assert visitors.statuses == {302: len(visitors.answered)}
    drill.note("7", "started on a read-only disk", "degraded, then sound by itself", "302 = 100 %", met=True)


async def test_ingest_does_not_start_on_a_read_only_disk_that_has_never_held_its_journal(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    folder = tmp_path / "ingest"
    with mounted(folder, "size=64m,ro"):
        await pipeline.prepare()
        service = pipeline.services["ingest"]
        with pytest.raises(AssertionError, match=r"CLICKRAIL_INGEST_DATA_DIR: .*Read-only file system"):
            await service.start()
    assert service.process is not None
    assert service.process.returncode == 2
