"""How much script each page loads."""

import gzip
import re

import pytest

from console.web.routes import ROUTES
from tests.console.running import Console

pytestmark = pytest.mark.servers

MOST_BYTES = 60_000
FILES = re.compile(r"[{.]")
"""Paths with a value in them, and downloads."""
PAGES = [
    route.path
    for route in ROUTES
    if route.access == "page" and route.method == "GET" and FILES.search(route.path) is None
]


async def test_a_page_loads_at_most_60_kb_of_script(tables_console: Console) -> None:
    by_name = tables_console.environment.assets.by_name
    for path in PAGES:
        scripts = set(re.findall(r'<script src="/static/([^"]+)"', await tables_console.read(path)))
        sizes = {name: len(gzip.compress(by_name[name].body)) for name in scripts}

        assert scripts, path
        assert sum(sizes.values()) <= MOST_BYTES, (path, sizes)
