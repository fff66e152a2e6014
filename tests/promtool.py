"""Prometheus and its promtool, where they are: Debian's package `prometheus` brings both."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
RULES: Final = ROOT / "deploy" / "prometheus" / "rules.yml"
CONFIGURATION: Final = ROOT / "deploy" / "prometheus" / "prometheus.yml"

PROMTOOL: Final = shutil.which("promtool")
PROMETHEUS: Final = shutil.which("prometheus")

needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="there is no promtool: apt-get install prometheus")
needs_prometheus = pytest.mark.skipif(PROMETHEUS is None, reason="there is no prometheus: apt-get install prometheus")


def promtool(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [str(PROMTOOL), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
