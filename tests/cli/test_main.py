"""The command as a person calls it."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.forking import Ended, Forker
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.processes

HEAVY = {"aiohttp", "aiokafka", "asyncpg", "redis", "cryptography", "structlog"}


PROGRAM = "from cli.main import main; main()"


async def clickrail(forker: Forker, *arguments: str, **environ: str) -> Ended:
    return await forker.run(PROGRAM, {**os.environ, **environ}, arguments)


def test_help_names_every_subcommand() -> None:
    command = [sys.executable, "-c", PROGRAM, "--help"]
    output = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout

    for name in (
        "up",
        "ingest",
        "enricher",
        "sink",
        "settler",
        "console",
        "simulate",
        "migrate",
        "topics",
        "keys",
        "program",
    ):
        assert f" {name} " in output


def test_help_imports_nothing_heavy() -> None:
    program = "import cli.main, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )

    assert set(done.stdout.split()) & HEAVY == set()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["unheard-of"], "No such command 'unheard-of'"),
        (["program", "list", "--status", "gone"], "'gone' is not one of 'active', 'paused', 'archived'"),
        (["keys", "rotate", "gone", "--keys-file", "/nowhere"], "'gone' is not a purpose"),
        (["keys", "list", "--keys-file", "/nowhere"], "/nowhere: cannot be read: No such file or directory"),
        (["migrate", "--database-url", "postgresql://u:p@127.0.0.1:1/d"], "PostgreSQL does not answer: nothing"),
        (["topics", "apply", "--kafka-bootstrap-servers", "127.0.0.1:1"], "Kafka at 127.0.0.1:1"),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else "",
)
async def test_a_wrong_call_is_one_line_and_exit_code_2(forker: Forker, arguments: list[str], message: str) -> None:
    code, output, errors = await clickrail(forker, *arguments)

    assert (code, output) == (2, "")
    assert message in errors
    assert len(errors.splitlines()) == 1


async def test_a_wrong_option_names_the_help_of_its_own_command(forker: Forker) -> None:
    _, _, errors = await clickrail(forker, "program", "edit", "shop", "--bogus", "1")

    assert errors == "clickrail: No such option: --bogus. See `clickrail program edit --help`.\n"


async def test_a_secret_may_stand_in_a_file_as_for_the_services(forker: Forker, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://u:p@127.0.0.1:1/d\n")
    ended = await clickrail(forker, "migrate", CLICKRAIL_DATABASE_URL_FILE=str(tmp_path / "url"))

    assert (ended.code, "nothing listens" in ended.errors) == (2, True)


async def test_a_secret_that_is_given_twice_is_refused(forker: Forker, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://h/d")
    given = {"CLICKRAIL_DATABASE_URL": "postgresql://h/d", "CLICKRAIL_DATABASE_URL_FILE": str(tmp_path / "url")}
    ended = await clickrail(forker, "migrate", **given)

    sentence = "clickrail: CLICKRAIL_DATABASE_URL and CLICKRAIL_DATABASE_URL_FILE are both set: keep one of them\n"
    assert (ended.code, ended.errors) == (2, sentence)


async def test_a_service_reads_its_secret_files_itself(forker: Forker, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://u:p@127.0.0.1:1/d\n")
    given = {
        "CLICKRAIL_DATABASE_URL_FILE": str(tmp_path / "url"),
        "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "CLICKRAIL_SINK_PRIVATE_PORT": "nothing",
    }
    ended = await clickrail(forker, "sink", **given)

    assert (ended.code, ended.output) == (2, "")
    assert ended.errors.startswith("clickrail sink: CLICKRAIL_SINK_PRIVATE_PORT: ")


async def test_a_key_ring_is_made_rotated_and_listed_without_its_secrets(forker: Forker, tmp_path: Path) -> None:
    path = str(tmp_path / "keys.json")

    assert (await clickrail(forker, "keys", "init", "--keys-file", path)).code == 0
    assert (await clickrail(forker, "keys", "init", "--keys-file", path)).code == 2
    assert (await clickrail(forker, "keys", "rotate", "cookie", "--keys-file", path)).code == 0
    code, output, _ = await clickrail(forker, "keys", "list", "--keys-file", path)

    assert code == 0
    assert [line.split()[0] for line in output.splitlines()] == [
        "purpose",
        "cookie",
        "cookie",
        "token",
        "ip_seal",
        "ip_hash",
    ]
    assert "secret" not in output


async def test_a_token_that_is_not_genuine_is_said_so(forker: Forker, tmp_path: Path) -> None:
    path = str(tmp_path / "keys.json")
    await clickrail(forker, "keys", "init", "--keys-file", path)

    code, output, _ = await clickrail(
        forker, "token", "verify", "01KAT301V8C3Q9GZ2F5B7N4M6P.aa0123456789ABCDEF", "--keys-file", path
    )

    assert code == 1
    assert output.startswith("not genuine: unknown_key (this key ring has never had the key that it names")


async def test_the_version_is_told(forker: Forker) -> None:
    assert await clickrail(forker, "--version") == (0, f"clickrail {version('clickrail')}\n", "")
