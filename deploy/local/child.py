"""Become a server's program: `python child.py PARENT SIGNAL ACCOUNT PROGRAM ARGUMENTS...`, without imports of ours.

This needs its own process because code between fork and exec is not safe in a process with threads. It first
- changes to the account: `same`, `mapped` (a user namespace in which root is an ordinary user) or `UID:GID`;
- asks the kernel to send SIGNAL when the parent ends, however it ends, so that no server outlives its launcher.
Without a program it only tries this, and exits 0 on success. Exit code 127: the reason is on standard error.
"""

import ctypes
import os
import sys

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def write(path: str, text: str) -> None:
    with open(path, "w") as file:  # noqa: PTH123 - pathlib would slow the start
        file.write(text)


def take_account(account: str) -> None:
    if account == "mapped":
        uid, gid = os.getuid(), os.getgid()
        call("unshare", CLONE_NEWUSER)
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"1000 {uid} 1")
        write("/proc/self/gid_map", f"1000 {gid} 1")
    elif account != "same":
        user, group = account.split(":")
        os.setgroups([])
        os.setgid(int(group))
        os.setuid(int(user))


def exit_with_parent(parent: int, number: int) -> None:
    # After the change of account, which clears this. On other systems than Linux the next start cleans up.
    if sys.platform == "linux":
        call("prctl", PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            sys.exit("the launcher is gone")


def main() -> None:
    parent, number, account, *command = sys.argv[1:]
    try:
        take_account(account)
        exit_with_parent(int(parent), int(number))
        if command:
            os.execv(command[0], command)  # noqa: S606 - the arguments are a list, no shell is wanted
    except OSError as error:
        print(f"cannot start: {error}", file=sys.stderr)  # noqa: T201 - standard error is the server's log
        sys.exit(127)


if __name__ == "__main__":
    main()
