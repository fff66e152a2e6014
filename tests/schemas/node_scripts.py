"""Runs `check.mjs` of a folder in `validators/`, with the npm packages of its lock."""

import shutil
from pathlib import Path

import pytest

from deploy.local.errors import Unreachable
from deploy.local.launch import run_to_end
from deploy.local.npm import install_npm, node
from deploy.local.progress import silent
from deploy.local.settings import LocalSettings

VALIDATORS = Path(__file__).with_name("validators")
SCRIPT = "check.mjs"


async def run_script(name: str, settings: LocalSettings, *arguments: str) -> tuple[int, str]:
    """Give exit code and output. The test is skipped where the packages cannot be fetched."""
    try:
        folder = await install_npm(name, name, settings.cache, silent, VALIDATORS)
    except Unreachable as error:
        pytest.skip(str(error))
    # The folder is installed once per lock: its script may be an older one.
    shutil.copyfile(VALIDATORS / name / SCRIPT, folder / SCRIPT)
    return await run_to_end(node(str(folder / SCRIPT), *arguments))
