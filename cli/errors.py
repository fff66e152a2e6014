"""How subcommands fail: one line on standard error, exit code 2."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def exit_on(*kinds: type[Exception]) -> Iterator[None]:
    """Print the message of these exceptions on standard error, and exit with code 2."""
    try:
        yield
    except kinds as error:
        print(f"clickrail: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
