"""The page that the demo's links lead to."""

import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from cli.up.landing import render, serve_landing
from deploy.local.errors import PortTaken
from identity.keyfile import create_ring, read_ring
from identity.keys import RING_RANDOMNESS, init_ring
from identity.token import TokenKeys, make_token
from identity.verification import FORGED

CLICK_ID = "01KAT301V8C3Q9GZ2F5B7N4M6P"
CONSOLE = "http://127.0.0.1:8081"


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    file = tmp_path / "keys.json"
    create_ring(file, init_ring(datetime.now(UTC), os.urandom(RING_RANDOMNESS)))
    return file


async def visit(url: str) -> tuple[int, str, Mapping[str, str]]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text(), answer.headers


async def test_it_shows_the_token_and_leads_to_the_click_in_the_console(keys_file: Path) -> None:
    token = make_token(TokenKeys(read_ring(keys_file)), CLICK_ID, "demo")
    async with serve_landing(0, keys_file, CONSOLE) as url:
        status, page, headers = await visit(f"{url}/landing?click={token}")

    assert status == 200
    assert f'<code class="token">{token}</code>' in page
    assert f"It is genuine, of the click <code>{CLICK_ID}</code>" in page
    assert f'<a href="{CONSOLE}/clicks/{CLICK_ID}">' in page
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"


async def test_it_says_of_a_token_that_is_not_genuine_that_it_is_not(keys_file: Path) -> None:
    async with serve_landing(0, keys_file, CONSOLE) as url:
        _, page, _ = await visit(f"{url}/landing?click={CLICK_ID}.aa0123456789ABCDEF")

    assert "It is not genuine (unknown key)" in page
    assert "<a " not in page


async def test_whatever_else_leads_there_is_told_what_this_is(keys_file: Path) -> None:
    async with serve_landing(0, keys_file, CONSOLE) as url:
        pages = [await visit(f"{url}{path}") for path in ("/", "/landing", "/any/other?x=1")]

    assert {status for status, _, _ in pages} == {200}
    assert all("This visit has no click token" in page for _, page, _ in pages)


def test_what_a_stranger_puts_in_the_place_of_a_token_is_text() -> None:
    page = render("<script>alert(1)</script>$body", FORGED, CONSOLE)

    assert "&lt;script&gt;alert(1)&lt;/script&gt;$body" in page
    assert "<script>" not in page


def test_without_a_console_it_leads_nowhere() -> None:
    page = render(f"{CLICK_ID}.k70123456789ABCDEF", CLICK_ID, None)

    assert "The console, which could show the click, does not run." in page
    assert "<a " not in page


async def test_a_taken_port_is_named_with_its_setting(keys_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port},.* CLICKRAIL_LOCAL_LANDING_PORT"):
            async with serve_landing(port, keys_file, None):
                pass
