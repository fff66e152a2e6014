"""The errors of the local stack. Every message says what is wrong and what to do, in one or two sentences.

LocalStackError
+-- PortTaken          another program listens on a server's port
+-- PortGivenTwice     two servers have the same port
+-- FolderInUse        another run has locked the data folder
+-- NoDiskSpace        the disk is full, or nearly
+-- NotWritable        a folder or file cannot be written or read
+-- BrokenFolder       a server's data are incomplete
+-- Unreachable        a package registry did not answer, or refused
+-- CorruptDownload    the download does not have the recorded hash, twice
+-- MissingLibrary     a server's program needs a system library that is missing
+-- RootRefused        started as root and neither a user namespace nor another account can run PostgreSQL
+-- ServerFailed       a server ended, or did not answer, while starting
"""

from pathlib import Path


class LocalStackError(Exception):
    """The local stack cannot run. The message is a complete sentence for a person."""


class PortTaken(LocalStackError):  # noqa: N818 - the names state the condition
    """`taken`: server, port, setting, and which program listens there, if known."""

    def __init__(self, *taken: tuple[str, int, str, str]) -> None:
        (server, port, setting, holder), *more = taken
        if more:
            each = ", ".join(f"{port} ({server}, {setting}; {holder})" for server, port, setting, holder in taken)
            super().__init__(
                f"These ports are taken: {each}. Stop those programs (perhaps another `make up`), "
                f"or set the variables to other ports (0 takes a free one)."
            )
        else:
            super().__init__(
                f"Port {port}, where {server} should listen, is taken by {holder}: stop that program, "
                f"or set {setting} to another port (0 takes a free one)."
            )


class PortGivenTwice(LocalStackError):  # noqa: N818
    def __init__(self, port: int, settings: tuple[str, str]) -> None:
        super().__init__(
            f"Port {port} is given twice, by {' and '.join(settings)}: set one of them to another port "
            f"(0 takes a free one)."
        )


class FolderInUse(LocalStackError):  # noqa: N818
    def __init__(self, folder: Path, pid: str) -> None:
        super().__init__(
            f"Another run (process {pid}) uses {folder}: stop it with Ctrl-C or `kill {pid}`, "
            f"or set CLICKRAIL_LOCAL_DATA_DIR to another folder."
        )


class NoDiskSpace(LocalStackError):  # noqa: N818
    def __init__(self, folder: Path, free_mib: int, needed_mib: int = 1024) -> None:
        super().__init__(
            f"The disk of {folder} has {free_mib} MiB free and {needed_mib} MiB are needed: free some, "
            f"or set CLICKRAIL_LOCAL_DATA_DIR and CLICKRAIL_LOCAL_CACHE_DIR to folders on another disk."
        )


class NotWritable(LocalStackError):  # noqa: N818
    def __init__(self, path: Path, cause: str) -> None:
        super().__init__(
            f"{path} cannot be used ({cause}): give this account the right to it (perhaps a run as root made it), "
            f"or set CLICKRAIL_LOCAL_DATA_DIR and CLICKRAIL_LOCAL_CACHE_DIR to folders of your own."
        )


class BrokenFolder(LocalStackError):  # noqa: N818
    def __init__(self, server: str, folder: Path, cause: str) -> None:
        super().__init__(
            f"{server}'s data in {folder} are incomplete ({cause}): restore what is missing, "
            f"or delete the folder with all its data, and the next start makes a new one."
        )


class Unreachable(LocalStackError):  # noqa: N818
    def __init__(self, what: str, cause: str) -> None:
        super().__init__(
            f"{what} could not be downloaded ({cause}): check the network, or HTTPS_PROXY, and run the command again; "
            f"finished downloads are kept."
        )


class CorruptDownload(LocalStackError):  # noqa: N818
    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} was downloaded twice, and neither file has the recorded hash: something between here and the "
            f"registry changes downloads. Check proxies and mirrors, then run the command again."
        )


class MissingLibrary(LocalStackError):  # noqa: N818
    def __init__(self, server: str, library: str) -> None:
        super().__init__(
            f"{server} cannot start because the system library {library} is missing: install the package of your "
            f"system that has it (`apt-file search {library}` finds it on Debian), then run the command again."
        )


class RootRefused(LocalStackError):  # noqa: N818
    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"PostgreSQL does not run as root, this system refuses user namespaces, and the account `nobody` cannot "
            f"reach {folder}: run the command as an ordinary user, or move it to a folder that others may enter."
        )


class ServerFailed(LocalStackError):  # noqa: N818
    def __init__(self, server: str, cause: str, log: Path) -> None:
        super().__init__(f"{server} did not start: {cause}. Its log is {log}.")
