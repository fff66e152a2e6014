"""What a measurement says, and the table of them all."""

import msgspec
from rich.console import Console
from rich.table import Table


class Figure(msgspec.Struct, frozen=True):
    """One figure beside its target: both as texts with units; `met` is null where there is no target."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None


def print_table(figures: list[Figure]) -> None:
    table = Table("what", "measured", "target", "", title="Clickrail bench", title_justify="left")
    for figure in figures:
        verdict = "" if figure.met is None else "[green]met[/]" if figure.met else "[red]missed[/]"
        table.add_row(figure.what, figure.measured, figure.target, verdict)
    Console(width=120).print(table)
