"""The command as people run it: a process, its output and its exit code."""

import asyncio
import json
import os
import signal
import sys
from datetime import date
from pathlib import Path

import pytest
from aiohttp import web

from deploy.local.ports import free_port
from simulate.traces.catalogue import make_trace
from simulate.traces.labels import read_clicks
from simulate.traces.model import TraceParameters
from tests.forking import Forker
from tests.simulate.builders import generated, give_click, stack
from tests.simulate.test_replay import line
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.processes

COMMAND = "import typer; from cli.simulate_command import simulate; typer.run(simulate)"


async def start(*arguments: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, "-c", COMMAND, *arguments, stdout=pipe, stderr=pipe)


async def end(process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    return process.returncode, out.decode(), err.decode()


async def run(*arguments: str) -> tuple[int | None, str, str]:
    return await end(await start(*arguments))


async def test_the_ledger_is_printed_for_people() -> None:
    async with stack() as url:
        code, out, err = await run("--url", url, "--rate", "400", "--seconds", "0.5")
    assert (code, err) == (0, "")
    assert "200 sent = 200 answered + 0 failed" in out


async def test_the_ledger_is_printed_for_scripts() -> None:
    async with stack() as url:
        code, out, _ = await run("--url", url, "--rate", "400", "--seconds", "0.5", "--json")
    ledger = json.loads(out)
    assert code == 0
    assert (ledger["sent"], ledger["answered"], ledger["failed"], ledger["interrupted"]) == (200, 200, 0, False)
    assert sum(sum(outcomes.values()) for outcomes in ledger["by_kind"].values()) == 200


async def test_each_request_is_written_down(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    async with stack() as url:
        await run("--url", url, "--rate", "400", "--seconds", "0.5", "--seed", "9", "--ledger", str(file))
    entries = sorted((json.loads(one) for one in file.read_text().splitlines()), key=lambda entry: entry["id"])
    plan = generated(200, seed=9)
    assert [(entry["id"], entry["kind"], entry["path"]) for entry in entries] == [
        (request.id, request.kind, request.path) for request in plan
    ]
    assert {entry["status"] for entry in entries} <= {302, 400}


async def test_requests_of_a_file_are_replayed_and_bad_lines_named(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_bytes(line() * 10 + b"oops\n" + line(method="HEAD"))
    seen: list[tuple[str, str | None]] = []

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        seen.append((request.method, request.headers.get("X-Forwarded-For")))
        return await give_click(request)

    async with stack(note) as url:
        code, out, err = await run("--url", url, "--requests", str(file), "--codes", "one,two")
    assert code == 0
    assert "11 sent = 11 answered + 0 failed" in out
    assert err.startswith(f"{file}, line 11 is left out: JSON is malformed")
    assert sorted(seen) == [("GET", "83.149.9.216")] * 10 + [("HEAD", "83.149.9.216")]


async def test_a_trace_is_sent_at_its_times_so_many_times_as_fast() -> None:
    arrived: list[str | None] = []

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        arrived.append(request.headers.get("X-Forwarded-For"))
        return await give_click(request)

    trace = make_trace("burst", TraceParameters(size=30, background=5))
    async with stack(note) as url:
        code, out, err = await run(
            "--url", url, "--trace", "burst", "--size", "30", "--background", "5", "--speed", "600"
        )
    assert (code, err) == (0, "")
    assert out.startswith(f"{len(trace.requests)} requests in ")
    assert "at their own times, 600 times as fast" in out
    assert sorted(map(str, arrived)) == sorted(request.address for request in trace.requests)


async def test_a_trace_is_written_and_nothing_is_sent(tmp_path: Path) -> None:
    file = tmp_path / "office.jsonl"
    code, out, err = await run(
        "--trace", "office", "--size", "3", "--write", str(file), "--start", "2026-01-02T09:00:00Z"
    )
    with file.open("rb") as lines:
        written = list(read_clicks(lines))
    assert (code, err) == (0, "")
    assert out == f"{len(written)} requests of the trace office, seed 1, are in {file}\n"
    assert {one.label.visitor for one in written} == {"office-1", "office-2", "office-3"}
    assert {one.click.clicked_at.date() for one in written if one.click is not None} == {date(2026, 1, 2)}


async def test_ctrl_c_ends_it_early_with_the_ledger() -> None:
    reached = asyncio.Event()

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        reached.set()
        return await give_click(request)

    async with stack(note) as url:
        process = await start("--url", url, "--rate", "100", "--seconds", "600")
        await asyncio.wait_for(reached.wait(), PATIENCE_S)
        process.send_signal(signal.SIGINT)
        code, out, _ = await end(process)
    assert code == 0
    assert "ended early" in out.splitlines()[0]
    assert "latency in ms" in out


async def test_nobody_there_is_one_line_and_says_what_to_do() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    code, out, err = await run("--url", url)
    assert (code, out) == (1, "")
    remedy = "start the stack with `make up`, or give the URL of another with --url"
    assert err == f"clickrail: nothing answers at {url} (refused): {remedy}\n"


async def test_a_stack_that_never_answers_is_an_error_after_its_ledger() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        code, out, err = await run("--url", url, "--rate", "50", "--seconds", "0.2")
    assert code == 1
    assert "10 sent = 0 answered + 10 failed" in out
    assert err.startswith(f"clickrail: nothing answered at {url}: ")


async def test_wrong_options_are_one_line_and_exit_code_2(forker: Forker, tmp_path: Path) -> None:
    for arguments, says in (
        (["--rate", "0"], "--rate must be above 0"),
        (["--codes", "a b"], "--codes: 'a b' is no referral code"),
        (["--url", "nowhere"], "--url: 'nowhere' is no address"),
        (["--requests", str(tmp_path / "none")], "--requests: "),
        (["--ledger", str(tmp_path)], "--ledger: "),
        (["--trace", "ghosts"], "--trace: there is no trace 'ghosts': name one of office, nat, "),
        (["--write", str(tmp_path / "new")], "--write needs --trace"),
        (["--trace", "office", "--start", "2026-01-02"], "--write needs --trace, and --start needs --write"),
        (["--trace", "office", "--write", str(tmp_path / "new"), "--speed", "2"], "--write writes the whole trace"),
        (["--trace", "office", "--write", str(tmp_path)], f"--write: {tmp_path} cannot be written"),
    ):
        code, out, err = await forker.run(COMMAND, os.environ, arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert err.startswith(f"clickrail: {says}")
