"""Chooses the account for PostgreSQL, which refuses to run as root."""

import os
import pwd
import subprocess
from pathlib import Path
from typing import Final

from deploy.local.errors import RootRefused
from deploy.local.launch import child_command

SAME: Final = "same"
MAPPED: Final = "mapped"
PROBE_SECONDS: Final = 10


def choose_account(folder: Path, program: Path) -> str:
    """Return the account for `launch.child_command`. Creates the folder if needed, and makes the account its owner.

    Not root: nothing changes. Root: an ordinary user in a user namespace, where the files still belong to root; if
    namespaces are not permitted, the account `nobody`. Raises RootRefused if `nobody` cannot reach folder or program.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.geteuid() != 0:
        return SAME
    account = MAPPED if can_run_as(MAPPED, ()) else ordinary_account(folder, program)
    chown_tree(folder, 0 if account == MAPPED else int(account.split(":")[0]))
    return account


def ordinary_account(folder: Path, program: Path) -> str:
    nobody = pwd.getpwnam("nobody")
    account = f"{nobody.pw_uid}:{nobody.pw_gid}"
    for parent in folder.parents:
        if not parent.stat().st_mode & 0o001:
            raise RootRefused(parent)
    if not can_run_as(account, (str(program), "--version")):
        raise RootRefused(program)
    return account


def can_run_as(account: str, command: tuple[str, ...]) -> bool:
    tried = subprocess.run(  # noqa: S603 - our own child script, and a program of ours
        child_command(command, account, 0), capture_output=True, timeout=PROBE_SECONDS, check=False
    )
    return tried.returncode == 0


def chown_tree(folder: Path, uid: int) -> None:
    """Make `uid` the owner of the folder and all in it, unless it is: an earlier run may have used another account."""
    if folder.stat().st_uid != uid:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, uid, -1, follow_symlinks=False)
