"""Creates the passwords of an installation: `python -m deploy.compose.passwords FOLDER`.

Each is a file of mode 0600, for a `*_FILE` variable. Existing files are not changed.
"""

import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

DATABASE_URL: Final = "postgresql://clickrail:{password}@postgres:5432/clickrail"


def make_passwords(folder: Path, draw: Callable[[], str]) -> list[str]:
    """Create the missing files, each with a new text from `draw` that is safe in a URL; return their names.

    Raises OSError when the folder cannot be written to.
    """
    made = [name for name in ("postgres", "console", "session-secret") if write_once(folder / name, draw())]
    url = DATABASE_URL.format(password=(folder / "postgres").read_text())
    return [*made, "database-url"] if write_once(folder / "database-url", url) else made


def write_once(path: Path, text: str) -> bool:
    """Write a private file unless it exists, atomically; return whether it was written."""
    if path.exists():
        return False
    draft = path.with_name(f".{path.name}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.rename(path)
    return True


def main() -> None:
    made = make_passwords(Path(sys.argv[1]), lambda: secrets.token_urlsafe(32))
    sys.stdout.write(f"made: {', '.join(made)}\n" if made else "nothing to make\n")


if __name__ == "__main__":
    main()
