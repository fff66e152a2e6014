"""Files that the enricher looks at again every few seconds: databases of places and networks, lists, rules."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
import structlog
from prometheus_client import Gauge

log = structlog.get_logger()

EVERY_S: Final = 5.0


class WatchedFiles(Protocol):
    """Files of one kind, as far as the watch uses them."""

    @property
    def problems(self) -> Sequence[str]:
        """What is wrong with the files as they are now, one sentence each."""

    def refresh(self) -> bool:
        """Read what has changed; tell whether anything else is in use now. Blocks while it reads."""


class FileWatch(msgspec.Struct, frozen=True):
    """One kind of files, its name in the log (`geo database`), and the gauge of how many cannot be used."""

    name: str
    files: WatchedFiles
    problems: Gauge


async def watch_files(watches: Sequence[FileWatch], every_s: float = EVERY_S) -> None:
    """Refresh the files every few seconds, for ever. A round that fails is logged, and the next one is tried."""
    last_errors: dict[str, str] = {}
    while True:
        await asyncio.sleep(every_s)
        for watch in watches:
            try:
                await refresh_files(watch)
                last_errors.pop(watch.name, None)
            except Exception as error:
                # The outermost frame of a round: neither a bad file nor a bug may stop the enricher.
                watch.problems.set(max(1, len(watch.files.problems)))
                if repr(error) != last_errors.get(watch.name):
                    last_errors[watch.name] = repr(error)
                    log.exception("files could not be refreshed", files=watch.name)


async def refresh_files(watch: FileWatch) -> None:
    """Refresh the files of one kind, and log what is in use now and what cannot be used."""
    before = list(watch.files.problems)
    if await asyncio.to_thread(watch.files.refresh):
        log.info("files in use", files=watch.name)
    watch.problems.set(len(watch.files.problems))
    if watch.files.problems != before:
        for problem in watch.files.problems:
            log.error("files not in use", files=watch.name, problem=problem)
