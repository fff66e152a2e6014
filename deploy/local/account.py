"""The account PostgreSQL runs under: it refuses root."""

import os
import pwd
import subprocess
from pathlib import Path
from typing import Final

from deploy.local.errors import RootRefused
from deploy.local.launch import bound

SAME: Final = "same"
MAPPED: Final = "mapped"
PROBE_SECONDS: Final = 10


def choose_account(folder: Path, program: Path) -> str:
    """Give the account for `launch.bound`, and give it the folder, which is made if need be.

    Not root: nothing changes. Root: an ordinary user in a user namespace, where the files go on belonging to root;
    where namespaces are refused, the account `nobody`. Raises RootRefused when that one cannot reach folder or program.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.geteuid() != 0:
        return SAME
    account = MAPPED if may_be(MAPPED, ()) else ordinary_account(folder, program)
    hand_over(folder, 0 if account == MAPPED else int(account.split(":")[0]))
    return account


def ordinary_account(folder: Path, program: Path) -> str:
    nobody = pwd.getpwnam("nobody")
    account = f"{nobody.pw_uid}:{nobody.pw_gid}"
    for parent in folder.parents:
        if not parent.stat().st_mode & 0o001:
            raise RootRefused(parent)
    if not may_be(account, (str(program), "--version")):
        raise RootRefused(program)
    return account


def may_be(account: str, command: tuple[str, ...]) -> bool:
    tried = subprocess.run(  # noqa: S603 - our own child script, and a program of ours
        bound(command, account, 0), capture_output=True, timeout=PROBE_SECONDS, check=False
    )
    return tried.returncode == 0


def hand_over(folder: Path, uid: int) -> None:
    """Make the folder and all in it belong to `uid`, when it does not yet: the way to run may have changed."""
    if folder.stat().st_uid != uid:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, uid, -1, follow_symlinks=False)
