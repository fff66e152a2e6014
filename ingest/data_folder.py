"""Whether the data folder is one that can work, found out once, before anything else starts. Blocks, for moments.

A folder that can never work is a wrong setting: the start ends there. A disk that is full or failing is not: redirects
go on without it, also through a restart, and /readyz says so. A read-only file system is the one case that can be
either, so what is there decides: with a journal on it, it has worked before.
"""

import errno
import tempfile
from pathlib import Path
from typing import Final

from runtime.errors import SettingsError

SETTING: Final = "CLICKRAIL_INGEST_DATA_DIR"
JOURNAL: Final = "journal"
NEVER: Final = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EEXIST,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENOENT,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.EINVAL,
    }
)
"""What a path can be refused for, whatever becomes of the disk."""


def require_data_folder(data_dir: str) -> None:
    """Make the folder if need be, and a file in it. Raises SettingsError when it can never hold a journal."""
    root = Path(data_dir) / JOURNAL
    has_worked = root.is_dir()
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        if error.errno in NEVER or (error.errno == errno.EROFS and not has_worked):
            needed = "set a folder on a local disk that this process may write"
            raise SettingsError(f"{SETTING}: {data_dir} cannot be used: {error.strerror}; {needed}") from None
