"""The commands of the README, run as they stand there, on what `make up` leaves behind."""

import asyncio
import re
import shlex
from typing import Final

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.tables import apply_migrations
from cli.up.demo import make_demo
from docs.generate import FOLDER

PAGE: Final = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
COMMAND: Final = re.compile(r"^\.venv/bin/clickrail (.*)$", re.MULTILINE)


def commands(heading: str) -> list[list[str]]:
    """Give the commands of the first block below a heading, split as a shell does."""
    block = PAGE.split(f"**{heading}**", 1)[1].split("```", 2)[1]
    return [shlex.split(line, comments=True) for line in COMMAND.findall(block)]


@pytest.mark.servers
async def test_an_affiliate_manager_makes_a_first_link_beside_the_demo(database_url: str) -> None:
    await apply_migrations(database_url)
    await make_demo(database_url, "http://127.0.0.1:18080")

    def run(arguments: list[str]) -> Result:
        return CliRunner().invoke(app, arguments, env={"CLICKRAIL_DATABASE_URL": database_url})

    results = [await asyncio.to_thread(run, arguments) for arguments in commands("Affiliate manager.")]
    assert [(result.exit_code, result.stderr) for result in results if result.exit_code] == []
    assert [result.stdout.splitlines()[0] for result in results[:3]] == ["shoes", "porto", "spring-24"]
