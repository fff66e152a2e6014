"""The rules file of a command."""

from pathlib import Path

import pytest
import typer

from cli.rules import load_rules
from quality.rules import DEFAULT_RULES


def test_without_a_file_the_defaults_apply() -> None:
    assert load_rules(None) is DEFAULT_RULES


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "cannot read {path}: No such file or directory"), ("{", "{path}: not a rules file: ")],
    ids=["missing", "damaged"],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(
    content: str | None, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rules.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(typer.Exit) as ended:
        load_rules(path)

    assert ended.value.exit_code == 2
    assert capsys.readouterr().err.startswith(f"clickrail: {problem.format(path=path)}")
