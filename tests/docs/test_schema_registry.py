"""The commands that register a schema, run as they stand in the page: what arrives is what a registry's API takes."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from docs.generate import FOLDER
from schemas.releases import ROOT, schema_path
from tests.waiting import PATIENCE_S

(BLOCK,) = re.findall(
    r"^```\n(registry=.*?)^```$", (FOLDER / "data-teams.md").read_text(), flags=re.MULTILINE | re.DOTALL
)
Requests = list[tuple[str, str, str, Any]]


@pytest.fixture
def registry() -> Iterator[tuple[int, Requests]]:
    """Give the port of a server that takes any request, and the requests it got."""
    got: Requests = []

    class Handler(BaseHTTPRequestHandler):
        def take(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append((self.command, self.path, self.headers["Content-Type"], body))
            self.send_response(200)
            self.end_headers()

        do_PUT = do_POST = take  # noqa: N815 - the names that the server calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, got
        server.shutdown()


@pytest.mark.slow
def test_the_commands_of_the_page_register_the_written_schema(registry: tuple[int, Requests]) -> None:
    if missing := [name for name in ("bash", "curl", "jq") if shutil.which(name) is None]:
        pytest.skip(f"this machine has no {' and no '.join(missing)}")
    port, got = registry
    block = BLOCK.replace("127.0.0.1:8081", f"127.0.0.1:{port}")
    subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", block],
        cwd=ROOT.parent,
        check=True,
        capture_output=True,
        timeout=PATIENCE_S,
    )
    kind = "application/vnd.schemaregistry.v1+json"
    config, subject = got

    assert config == ("PUT", "/config/clicks.enriched-value", kind, {"compatibility": "FORWARD_TRANSITIVE"})
    assert subject[:3] == ("POST", "/subjects/clicks.enriched-value/versions", kind)
    assert subject[3]["schemaType"] == "JSON"
    assert subject[3]["schema"] == schema_path(ROOT, "clicks.enriched").read_text()
