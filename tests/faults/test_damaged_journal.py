"""A journal damaged in any way while Kafka was away: ingest starts, and delivers every click that is intact."""

import random
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.journal.framing import IntactFrame, scan
from schemas import CLICKS_RAW
from tests.faults.drill import Drill
from tests.faults.shop import read_metric
from tests.faults.visitors import Visitors
from tests.ingest.journal.test_recovery import CLICKS_EACH, DAMAGES, Files, write
from tests.pipeline import Pipeline, decoded, eventually, running_pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes]

AWAY = "127.0.0.1:1"
FILES = 3


def damaged(frames: Sequence[bytes], chance: random.Random) -> Files:
    """Put frames into files, and damage these."""
    size = len(frames) // FILES
    files = {f"{n + 1:010}.seg": b"".join(frames[n * size : (n + 1) * size]) for n in range(FILES)}
    for _ in range(chance.randint(1, 3)):
        if files:
            chance.choice(DAMAGES)(files, chance.choice(sorted(files)), chance)
    return files


async def test_ingest_starts_on_any_damaged_journal_and_delivers_every_intact_click(
    pipeline: Pipeline, kafka: str, drill: Drill
) -> None:
    pipeline.environ["CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS"] = AWAY
    seeds, each = range(int(drill.seconds(5, 20))), FILES * CLICKS_EACH
    async with running_pipeline(pipeline, "ingest"):
        ingest, visitors = pipeline.services["ingest"], Visitors(pipeline)
        journal = pipeline.folder / "ingest" / "journal"
        await visitors.click(each * len(seeds))
        ingest.send(signal.SIGKILL)
        await ingest.stop()
        frames = take_frames(journal)
        pipeline.environ["CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS"] = kafka
        expected: set[str] = set()
        for seed in seeds:
            mine = frames[seed * each : (seed + 1) * each]
            files = damaged(mine, random.Random(seed))
            intact = [frame for frame in mine if any(frame in data for data in files.values())]
            write(journal / "worker-0", files)
            await ingest.start()
            await visitors.click()
            await eventually(lambda: is_empty(journal / "worker-0"))
            bad = sum(map(len, files.values())) - sum(map(len, intact))
            assert await read_metric(ingest.private_port, "clickrail_journal_damaged_bytes_total") == bad, seed
            assert await ingest.stop() == 0
            assert not (journal / "worker-0").exists(), seed
            expected |= {key_of(frame) for frame in intact} | {visitors.answered[-1]}
    delivered = [str(click["click_id"]) for click in decoded(await pipeline.values(CLICKS_RAW))]
    assert sorted(delivered) == sorted(expected)
    told = f"{len(seeds)} starts; all {len(expected)} intact clicks delivered, none twice; bad bytes counted"
    drill.note("8", f"{len(seeds)} journals damaged while Kafka was away", told, "100 % of starts and clicks", met=True)


def take_frames(journal: Path) -> list[bytes]:
    """Give the frames of a journal nobody owns, and remove it."""
    data = b"".join(path.read_bytes() for path in sorted(journal.glob("*/*.seg")))
    frames = [data[found.start : found.end] for found in scan(data) if isinstance(found, IntactFrame)]
    shutil.rmtree(journal)
    return frames


def key_of(frame: bytes) -> str:
    (found,) = scan(frame)
    assert isinstance(found, IntactFrame)
    return found.key.decode()


def holds_segments(folder: Path) -> bool:
    return any(folder.glob("*.seg"))


async def is_empty(folder: Path) -> bool:
    return not holds_segments(folder)
