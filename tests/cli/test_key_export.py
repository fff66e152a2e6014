"""`clickrail keys export-token`, as an operator meets it."""

import asyncio
from pathlib import Path

import msgspec
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from cli.key_export import export_token
from identity.keyfile import edit_ring, read_ring
from identity.keys import rotate
from identity.token import export_keys
from referrals.admin.repository import add
from referrals.connections import connected
from referrals.model import Program
from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from tests.identity.builders import NOW, known_ring, randomness, write_ring
from tests.referrals.builders import program

app = typer.Typer()
app.command()(export_token)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    write_ring(path, known_ring())
    return path


def run(path: Path, *arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"CLICKRAIL_KEYS_FILE": str(path)} | environ)


def test_all_keys_of_a_program_are_printed_with_a_warning_that_they_are_secret(path: Path) -> None:
    edit_ring(path, lambda ring: rotate(ring, "token", NOW, randomness(1)))
    result = run(path, "--program", "shop")
    keys = export_keys(read_ring(path), "shop")
    expected = {"program": "shop", "algorithm": "HMAC-SHA256-80", "keys": msgspec.to_builtins(keys)}

    assert (result.exit_code, msgspec.json.decode(result.stdout)) == (0, expected)
    assert [key.state for key in keys] == ["read_only", "active"]
    assert result.stderr.startswith("These keys are secret: whoever has them can make click tokens of shop.")


def test_one_key_is_printed_by_its_id(path: Path) -> None:
    edit_ring(path, lambda ring: rotate(ring, "token", NOW, randomness(1)))
    printed = msgspec.json.decode(run(path, "--program", "shop", "--kid", "k7").stdout)

    assert [key["kid"] for key in printed["keys"]] == ["k7"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--program", "Shop"), "'Shop' is no program id: it has 1 to 40 of a-z, 0-9, _ and -"),
        (("--program", "shop", "--kid", "zz"), "There is no token key 'zz'"),
    ],
)
def test_what_cannot_be_exported_is_refused_with_the_reason(path: Path, arguments: tuple[str, ...], why: str) -> None:
    result = run(path, *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"clickrail: {why}\n")


@pytest.mark.servers
async def test_with_a_database_a_misspelt_program_is_refused(path: Path, database_url: str) -> None:
    async with connected(database_url) as connection:
        await migrate(connection, [find_migrations("referrals")])
        assert isinstance(await add(connection, program(id="shop")), Program)
    found, misspelt = [
        await asyncio.to_thread(run, path, "--program", name, CLICKRAIL_DATABASE_URL=database_url)
        for name in ("shop", "shoop")
    ]
    assert (found.exit_code, misspelt.exit_code, misspelt.stdout) == (0, 2, "")
    assert misspelt.stderr.startswith("clickrail: there is no program 'shoop'")
