"""The runbooks: one for each alert, and what they name exists."""

import re
import shlex
from pathlib import Path
from typing import Final

import pytest
import typer

from cli.main import app
from tests.deploy_prometheus.test_rules import alerts
from tests.metric_names import exported
from tests.promtool import ROOT

FOLDER: Final = ROOT / "docs" / "runbooks"
PAGES: Final = sorted(FOLDER.glob("*.md"))
PARTS: Final = ["What it means", "What to look at", "What to do"]


COMMANDS: Final = typer.main.get_command(app)


def commands_in(text: str) -> list[str]:
    return [quoted for quoted in re.findall(r"`([^`]+)`", text) if quoted.startswith("clickrail ")]


def test_every_alert_has_its_page_and_every_page_its_alert() -> None:
    named = {ROOT / alert["annotations"]["runbook_url"] for alert in alerts()}

    assert named == set(PAGES)
    assert [page.stem for page in PAGES] == [
        re.findall("^# (.+)$", page.read_text(), re.MULTILINE)[0] for page in PAGES
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_it_means_what_to_look_at_and_what_to_do(page: Path) -> None:
    assert re.findall(r"^\*\*([^*]+)\.\*\*", page.read_text(), re.MULTILINE) == PARTS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_that_a_page_names_exists_with_its_options(page: Path) -> None:
    for line in commands_in(page.read_text()):
        command, words = COMMANDS, shlex.split(line)[1:]
        while words and (below := getattr(command, "commands", None)):
            assert words[0] in below, line
            command, words = below[words[0]], words[1:]
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_metric_and_every_setting_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    metrics = set(re.findall(r"\b(?:clickrail|kafka|process)_[a-z_]+\b", text))
    settings = set(re.findall(r"\bCLICKRAIL_[A-Z_]+[A-Z]\b", text.replace("CLICKRAIL_<SERVICE>", "CLICKRAIL_INGEST")))

    assert metrics <= exported().keys()
    assert settings <= known_settings()


def known_settings() -> set[str]:
    return set(re.findall(r"`(CLICKRAIL_[A-Z_]+)`", (ROOT / "docs" / "configuration.md").read_text()))
