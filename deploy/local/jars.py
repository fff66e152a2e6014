"""Downloads Kafka's jars as listed in the lock, and checks the hash of each at every start."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import requests
from jgo.maven import MavenContext

from deploy.local.errors import CorruptDownload, Unreachable
from deploy.local.folder import explain_disk_errors, require_room, wait_for_lock
from deploy.local.progress import Progress, silent
from deploy.local.settings import LocalSettings
from deploy.local.task_group import run_concurrently

LOCK: Final = Path(__file__).with_name("kafka.lock")
NEEDED_MIB: Final = 200


class Jar(msgspec.Struct, frozen=True, array_like=True):
    """A line of the lock: `group:artifact:version sha256`."""

    group: str
    artifact: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    def path(self, folder: Path) -> Path:
        return folder.joinpath(*self.group.split("."), self.artifact, self.version, str(self))


def read_lock(path: Path) -> tuple[Jar, ...]:
    lines = (line for line in path.read_text().splitlines() if not line.startswith("#"))
    return tuple(msgspec.convert(line.replace(" ", ":").split(":"), Jar) for line in lines)


async def install_kafka(settings: LocalSettings, progress: Progress = silent, lock: Path = LOCK) -> tuple[Path, ...]:
    """Return the paths of Kafka's jars. Downloads those that are missing or have another hash than the lock.

    Raises Unreachable, CorruptDownload, NoDiskSpace, NotWritable.
    """
    jars = read_lock(lock)
    cache, folder = settings.cache, settings.cache / "kafka"
    mirrors = {"mirror": settings.maven_mirror.rstrip("/")} if settings.maven_mirror else None
    with explain_disk_errors(cache):
        async with wait_for_lock(cache / "kafka.busy", progress):
            missing = [jar for jar in jars if not is_whole(jar, folder)]
            if missing:
                require_room(cache, NEEDED_MIB)
                await fetch_all(missing, MavenContext(repo_cache=folder, remote_repos=mirrors), progress)
    return tuple(jar.path(folder) for jar in jars)


async def fetch_all(jars: Sequence[Jar], registry: MavenContext, progress: Progress) -> None:
    done = 0

    async def fetch_one(jar: Jar) -> None:
        nonlocal done
        await asyncio.to_thread(fetch, jar, registry)
        done += 1
        progress("Fetching Kafka", done / len(jars))

    progress("Fetching Kafka", 0.0)
    # Runs in the loop's thread pool, a few at a time; when this is cancelled, those still waiting never start.
    await run_concurrently(*map(fetch_one, jars))


def is_whole(jar: Jar, folder: Path) -> bool:
    path = jar.path(folder)
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256


def fetch(jar: Jar, registry: MavenContext) -> None:
    """Fetch one jar; try once more if its hash is wrong. Deletes a wrong one."""
    path = jar.path(registry.repo_cache)
    for _ in range(2):
        path.unlink(missing_ok=True)
        try:
            registry.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
        except (requests.RequestException, RuntimeError) as error:
            # jgo raises RuntimeError when the registry answers without the file.
            raise Unreachable(str(jar), type(error).__name__ if str(error) == "" else str(error)[:200]) from error
        if is_whole(jar, registry.repo_cache):
            return
    path.unlink()
    raise CorruptDownload(str(jar))
