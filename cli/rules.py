"""The rules file that a command is given."""

from pathlib import Path
from typing import TYPE_CHECKING

from cli.errors import exit_on

if TYPE_CHECKING:
    from quality.rules import Rules


def load_rules(path: Path | None) -> "Rules":
    """Read the rules file, or give the defaults without one. A file that cannot be used ends the command."""
    from quality.rules import DEFAULT_RULES, RulesError, read_rules

    with exit_on(RulesError):
        try:
            return DEFAULT_RULES if path is None else read_rules(path.read_bytes())
        except OSError as error:
            raise RulesError(f"cannot read {path}: {error.strerror}") from None
        except RulesError as error:
            raise RulesError(f"{path}: {error}") from None
