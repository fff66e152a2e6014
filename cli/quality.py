"""`clickrail quality`: how well the scoring of clicks works."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli import output
from cli.options import AsJson
from cli.rules import load_rules

if TYPE_CHECKING:
    from cli.evaluation import TraceResult
    from simulate.traces.evaluation import Evaluation

quality = typer.Typer(help="How well the scoring of clicks works.", no_args_is_help=True)

COLUMNS: Final = (
    "trace",
    "people's clicks",
    "likely invalid, settled",
    "machines' clicks",
    "found live",
    "found settled",
    "unique visits",
    "counted live",
    "counted settled",
)


@quality.callback()
def group() -> None:
    """How well the scoring of clicks works."""


@quality.command("evaluate")
def evaluate(
    rules_file: Annotated[
        Path | None,
        typer.Option(
            "--rules", envvar="CLICKRAIL_ENRICHER_QUALITY_RULES", show_default="the defaults", help="a rules file"
        ),
    ] = None,
    trace: Annotated[
        list[str] | None, typer.Option(show_default="all", help="only this trace; may be repeated")
    ] = None,
    seed: Annotated[int, typer.Option(help="the same seed gives the same traces")] = 1,
    as_json: AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="write a table for a document")] = False,
) -> None:
    """Judge traffic whose truth is known (docs/traces.md): people taken for machines, machines found, unique visits.

    Needs no server. Try a rules file here before you use it.
    """
    from cli.evaluation import evaluate_traces
    from simulate.traces.catalogue import RECIPES

    names = trace or list(RECIPES)
    for name in names:
        if name not in RECIPES:
            raise typer.BadParameter(f"{name} is no trace: {', '.join(RECIPES)}", param_hint="--trace")
    results = list(evaluate_traces(names, seed, load_rules(rules_file)))
    if as_json:
        output.show_json(results)
    elif markdown:
        print(write_markdown(results))
    else:
        output.show_table(COLUMNS, [*map(describe_result, results)])


def describe_result(result: "TraceResult") -> list[str]:
    live, settled = result.live, result.settled
    return [
        live.trace,
        f"{live.people:,}",
        describe_share(settled.people_flagged, settled.people),
        f"{live.machines:,}",
        describe_share(live.machines_found, live.machines),
        describe_share(settled.machines_found, settled.machines),
        f"{live.uniques_true:,}",
        describe_uniques(live),
        describe_uniques(settled),
    ]


def describe_share(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.1%})" if whole else "-"


def describe_uniques(one: "Evaluation") -> str:
    """Give people's clicks that were counted as unique, and those of machines that were not found."""
    machines = f" + {one.uniques_of_machines:,} of machines" if one.uniques_of_machines else ""
    return f"{one.uniques_counted:,}{machines}"


def write_markdown(results: "list[TraceResult]") -> str:
    rows = [["`" + name + "`", *cells] for name, *cells in map(describe_result, results)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (COLUMNS, ["---"] * len(COLUMNS), *rows))
