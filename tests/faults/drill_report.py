"""The drill report: each fault, its figures and their targets. Pure."""

import re
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

Outcome = Literal["passed", "failed", "skipped"]

HEADINGS: Final = ("row", "what was done", "figure", "target", "met", "what was to be shown", "outcome", "took")
MET: Final = {True: "yes", False: "**no**", None: ""}


class Note(msgspec.Struct, frozen=True):
    """One figure of a trial beside its target. `row` is the fault's number; `met` is null where nothing is promised."""

    row: str
    what: str
    figure: str
    target: str
    met: bool | None


class Trial(msgspec.Struct, frozen=True):
    """One test of the drill: its name, how it ended and why, how long it took, and what it noted."""

    test: str
    outcome: Outcome
    seconds: float
    notes: tuple[Note, ...] = ()
    reason: str = ""


class Circumstances(msgspec.Struct, frozen=True):
    """When and on which machine the drill ran."""

    date: str
    commit: str
    machine: str


def render(circumstances: Circumstances, trials: Sequence[Trial]) -> str:
    """Write the report as Markdown: a summary, a table in the order of faults, and what did not pass."""
    ordered = sorted(trials, key=sort_key)
    table = [HEADINGS, ("---",) * len(HEADINGS), *(line for trial in ordered for line in make_lines(trial))]
    return "\n".join(
        [
            "# What happens when a part fails",
            "",
            f"Drilled on {circumstances.date}, at commit {circumstances.commit}, on {circumstances.machine}.",
            summary(trials),
            "",
            *(f"| {' | '.join(map(cell, line))} |" for line in table),
            *remarks("Failed", [trial for trial in ordered if trial.outcome == "failed"]),
            *remarks("Skipped", [trial for trial in ordered if trial.outcome == "skipped"]),
            "",
        ]
    )


def summary(trials: Sequence[Trial]) -> str:
    outcomes = [trial.outcome for trial in trials]
    promises = [note.met for trial in trials for note in trial.notes if note.met is not None]
    return (
        f"Of {len(trials)} trials {outcomes.count('passed')} passed, {outcomes.count('failed')} failed and "
        f"{outcomes.count('skipped')} were skipped; of {len(promises)} figures with a target {sum(promises)} met it."
    )


def make_lines(trial: Trial) -> list[tuple[str, ...]]:
    """Make a line for each note, or one without a note. The first line has the trial's outcome."""
    once = (sentence(trial.test), trial.outcome, f"{trial.seconds:.0f} s")
    notes = [(note.row, note.what, note.figure, note.target, MET[note.met]) for note in trial.notes]
    first, *rest = notes or [("",) * 5]
    return [(*first, *once), *((*note, "", "", "") for note in rest)]


def remarks(heading: str, trials: Sequence[Trial]) -> list[str]:
    if not trials:
        return []
    return ["", f"## {heading}", "", *(f"- {sentence(trial.test)}: {one_line(trial.reason)}" for trial in trials)]


def sentence(test: str) -> str:
    """Turn a test's name into a sentence: `a.py::test_no_click_is_lost[x]` is `no click is lost [x]`."""
    name, bracket, parameters = test.rpartition("::")[2].partition("[")
    return name.removeprefix("test_").replace("_", " ") + (f" [{parameters}" if bracket else "")


def sort_key(trial: Trial) -> tuple[int, str]:
    """Sort by the number of the fault; trials that noted nothing come last."""
    number = re.match(r"\d+", trial.notes[0].row) if trial.notes else None
    return (int(number[0]) if number else 1000, trial.test)


def cell(text: str) -> str:
    return one_line(text).replace("|", "\\|")


def one_line(text: str) -> str:
    return " ".join(text.split())
