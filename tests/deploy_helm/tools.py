"""Helm and kubeconform, which come from no Python package: `make tools` builds them. Without one, tests skip."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
BUILT: Final = ROOT / ".local" / "cache" / "go" / "bin"


def find_tool(name: str) -> str | None:
    return shutil.which(name, path=f"{BUILT}{os.pathsep}{os.environ.get('PATH', os.defpath)}")


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_tool(name) is None, reason=f"there is no {name} here: `make tools` builds it")


def run_tool(name: str, *arguments: str, given: str | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a tool, with `given` as its standard input."""
    command = [find_tool(name) or name, *arguments]
    return subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=False)
