"""`clickrail keys`, as a person, a script and the running services meet it."""

import asyncio
import base64
import os
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from click.testing import Result
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from cli.keys import keys
from enricher.environment import AddressKeys
from enricher.metrics import EnricherMetrics
from identity.ip import hash_ip
from identity.keyfile import WatchedKeyRing, edit_ring, read_ring
from identity.keys import PURPOSES, Key, Purpose, find_key, rotate
from identity.verification import VerificationError
from ingest.live_keys import LiveKeys
from tests.identity.builders import active, known_ring, randomness, secret, write_ring
from tests.ingest.serving import Served, serving
from tests.ingest.wire import ask
from tests.waiting import PATIENCE_S, eventually


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    write_ring(path, known_ring())
    return path


def run(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(keys, arguments, env={"CLICKRAIL_KEYS_FILE": str(path)})


def say(path: Path, *arguments: str) -> str:
    """Run a command that must succeed; give what it prints."""
    result = run(path, *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout.strip()


def key_of(path: Path, purpose: Purpose, kid: str) -> Key:
    return find_key(read_ring(path), purpose, kid)


def retire(path: Path, purpose: Purpose, ago: timedelta, seed: int) -> str:
    """Rotate as somebody did some time ago; give the id of the key that retired then."""
    old = active(read_ring(path), purpose).kid
    edit_ring(path, lambda ring: rotate(ring, purpose, datetime.now(UTC) - ago, randomness(seed)))
    return old


def test_a_key_is_added_activated_and_the_one_before_destroyed(path: Path) -> None:
    kid = say(path, "add", "cookie")
    assert (key_of(path, "cookie", kid).state, active(read_ring(path), "cookie").kid) == ("read_only", "k7")
    assert f"cookie\t{kid}\tread_only" in say(path, "list")
    assert "not used yet" in say(path, "list")

    assert say(path, "activate", "cookie", kid) == f"cookie: {kid} is active; what the one before made stays readable."
    assert (active(read_ring(path), "cookie").kid, key_of(path, "cookie", "k7").state) == (kid, "read_only")
    assert "not used yet" not in say(path, "list")

    assert say(path, "destroy", "cookie", "k7", "--yes").startswith("cookie: k7 destroyed in this file.")
    assert (key_of(path, "cookie", "k7").state, key_of(path, "cookie", "k7").secret) == ("destroyed", None)
    assert [key for key in read_ring(path).keys if key.purpose != "cookie"] == list(known_ring().keys[1:])
    assert base64.b64encode(secret("cookie")) not in path.read_bytes()
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("purpose", PURPOSES)
def test_without_yes_the_loss_is_named_and_nothing_changes(path: Path, purpose: Purpose) -> None:
    say(path, "rotate", purpose)
    before = path.read_bytes()

    result = run(path, "destroy", purpose, "k7")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"clickrail: nothing is destroyed yet. Without {purpose} key k7, ")
    assert result.stderr.endswith(". Add --yes to destroy it\n")
    assert path.read_bytes() == before


def test_a_destroyed_key_can_be_destroyed_again(path: Path) -> None:
    say(path, "rotate", "cookie")
    say(path, "destroy", "cookie", "k7", "--yes")

    assert say(path, "destroy", "cookie", "k7") == "cookie: there is nothing to destroy."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["destroy", "cookie", "k7", "--yes"], "The cookie key k7 is the active one: rotate first"),
        (["destroy", "cookie", "zz", "--yes"], "There is no cookie key 'zz'"),
        (["destroy", "cookie", "--yes"], "give either KID (`clickrail keys list` shows them) or --retired-for"),
        (["destroy", "cookie", "k7", "--retired-for", "400d", "--yes"], "give either KID"),
        (["destroy", "cookie", "--retired-for", "9599h"], "cookie keys are needed for 400 days after they retired"),
        (["destroy", "ip_seal", "--retired-for", "71h"], "ip_seal keys are needed for 3 days after they retired"),
        (["destroy", "token", "--retired-for", "9999d"], "token keys are not destroyed by age"),
        (["destroy", "ip_hash", "--retired-for", "48"], "'48' is not an age: give hours or days, such as 48h or 400d"),
        (["destroy", "ip_hash", "--retired-for", "-1d"], "'-1d' is not an age"),
        (["destroy", "gone", "k7"], "'gone' is not a purpose of keys: use one of cookie, token, ip_seal, ip_hash"),
        (["activate", "cookie", "zz"], "There is no cookie key 'zz'"),
        (["add", "gone"], "'gone' is not a purpose"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_call_changes_nothing_and_is_one_line(path: Path, arguments: list[str], message: str) -> None:
    before = path.read_bytes()

    result = run(path, *arguments)

    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert result.stderr.startswith(f"clickrail: {message}")
    assert path.read_bytes() == before


def test_a_destroyed_key_is_not_activated(path: Path) -> None:
    say(path, "rotate", "cookie")
    say(path, "destroy", "cookie", "k7", "--yes")

    assert "cannot become active again" in run(path, "activate", "cookie", "k7").stderr


@pytest.mark.parametrize(("purpose", "age"), [("cookie", "400d"), ("ip_seal", "72h"), ("ip_hash", "48h")])
def test_by_age_only_the_keys_of_that_purpose_that_retired_so_long_ago_go(
    path: Path, purpose: Purpose, age: str
) -> None:
    hours = timedelta(hours=1) * (int(age[:-1]) * (24 if age.endswith("d") else 1))
    old = retire(path, purpose, hours + timedelta(minutes=1), seed=1)
    young = retire(path, purpose, hours - timedelta(minutes=1), seed=2)
    waiting = say(path, "add", purpose)

    assert f"Without {purpose} key {old}, " in run(path, "destroy", purpose, "--retired-for", age).stderr
    assert f"{purpose}: {old} destroyed" in say(path, "destroy", purpose, "--retired-for", age, "--yes")
    assert say(path, "destroy", purpose, "--retired-for", age, "--yes") == f"{purpose}: there is nothing to destroy."
    assert [key_of(path, purpose, kid).state for kid in (old, young, waiting)] == [
        "destroyed", "read_only", "read_only",
    ]  # fmt: skip


def section() -> str:
    """Give what docs/identity.md says of rotation."""
    text = (Path(__file__).parents[2] / "docs" / "identity.md").read_text(encoding="utf-8")
    return text.partition("\n## Rotation\n")[2].partition("\n## ")[0]


def test_the_document_names_every_command_and_no_other() -> None:
    named = {line.split()[2].rstrip("`") for line in section().splitlines() if line.startswith("| `keys ")}

    assert named == {command.name or command.callback.__name__ for command in keys.registered_commands}


@pytest.mark.processes
@pytest.mark.slow
def test_the_documents_commands_do_as_they_stand(path: Path) -> None:
    blocks = section().split("```\n")[1::2]
    clickrail = f"""clickrail() {{ {shlex.quote(sys.executable)} -c 'from cli.main import main; main()' "$@"; }}\n"""
    environ = {**os.environ, "CLICKRAIL_KEYS_FILE": str(path)}
    for block in blocks:
        subprocess.run(["bash", "-euc", clickrail + block], env=environ, timeout=PATIENCE_S, check=True)

    states = {purpose: [key.state for key in read_ring(path).keys if key.purpose == purpose] for purpose in PURPOSES}
    assert len(blocks) == 2
    assert states == {
        "cookie": ["destroyed", "active"],
        "token": ["active"],
        "ip_seal": ["read_only", "active"],
        "ip_hash": ["read_only", "active"],
    }


async def visit(served: Served, cookie: str | None) -> str:
    answer = await ask(served.port, "/ref/abc123", {"Cookie": cookie} if cookie else {})
    assert (answer.status, answer.cookie is not None) == (302, True)
    return "=".join(answer.cookie or ())


@pytest.mark.slow
async def test_running_services_follow_and_what_a_destroyed_key_made_is_out_of_reach(path: Path) -> None:
    watched, enricher = WatchedKeyRing(path), AddressKeys(str(path), EnricherMetrics(CollectorRegistry()).unopened)

    async def change(*commands: list[str]) -> None:
        for command in commands:
            say(path, *command)
        await eventually(lambda: watched.ring == read_ring(path))
        enricher.refresh()

    async with serving(of_ring=LiveKeys(watched)) as served:
        following = asyncio.create_task(served.keys.keep_fresh())
        yesterdays = await visit(served, None)
        yesterdays_hash = hash_ip(enricher.hash, ip_address("127.0.0.1").packed)
        await change(["rotate", "cookie"], ["rotate", "ip_seal"], ["rotate", "ip_hash"])
        await visit(served, yesterdays)
        (first, second) = (await served.published()).clicks()
        assert enricher.open_ip(first.ip_sealed or "", first.click_id) == ip_address("127.0.0.1")
        await change(*(["destroy", purpose, "k7", "--yes"] for purpose in ("cookie", "ip_seal", "ip_hash")))
        await visit(served, yesterdays)
        following.cancel()
        third = (await served.published()).clicks()[2]

    assert [click.cookie_state for click in (first, second, third)] == ["absent", "valid", "destroyed_key"]
    assert [click.previous_click_id for click in (second, third)] == [first.click_id, None]
    assert enricher.open_ip(first.ip_sealed or "", first.click_id) == VerificationError("destroyed_key")
    assert enricher.open_ip(third.ip_sealed or "", third.click_id) == ip_address("127.0.0.1")
    assert hash_ip(enricher.hash, ip_address("127.0.0.1").packed) != yesterdays_hash
