"""Checks the data folder once, before anything else starts. Blocks for a moment.

A folder that can never work is a wrong setting, and the process exits. A full or failing disk is not: redirects work
without it, and /readyz shows it. A read-only file system can be either: if it holds a journal, it has worked before.
"""

import errno
import tempfile
from pathlib import Path
from typing import Final

from runtime.errors import SettingsError

SETTING: Final = "CLICKRAIL_INGEST_DATA_DIR"
JOURNAL: Final = "journal"
PERMANENT_ERRORS: Final = frozenset(
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
"""Errors of a path that do not go away when the disk recovers."""


def require_data_folder(data_dir: str) -> None:
    """Make the folder if it is missing, and write a file in it. Raises SettingsError if it can never hold a journal."""
    root = Path(data_dir) / JOURNAL
    has_worked = root.is_dir()
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        if error.errno in PERMANENT_ERRORS or (error.errno == errno.EROFS and not has_worked):
            needed = "set it to a folder on a local disk that this process may write to"
            raise SettingsError(f"{SETTING}: {data_dir} cannot be used: {error.strerror}; {needed}") from None
