"""Shows answers as a table, or as JSON: the groups with their shares, the total, and what a reader must know."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from cli import output

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from storage.read.asking.answer import Answer, Key
    from storage.read.asking.description import Explanation


def show(answer: "Answer", explanation: "Explanation | None", *, as_json: bool, header: bool) -> None:
    """Show an answer, and how it was found if that was asked."""
    if as_json:
        output.show_json(read_out(answer, explanation))
        return
    question = answer.plan.question
    output.show_table(title_columns(answer), list_rows(answer), header=header)
    for line in (describe_range(answer), *list_notes(answer), *(explain(explanation) if explanation else ())):
        output.note(line)
    if not answer.groups and question.by:
        output.note("No clicks.")


def title_columns(answer: "Answer") -> list[str]:
    question = answer.plan.question
    shares = [f"{question.measures[0]} %"] if has_shares(answer) else []
    compared = [f"{question.measures[0]} before", "change"] if has_comparison(answer) else []
    return [*question.by, *question.measures, *shares, *compared]


def has_shares(answer: "Answer") -> bool:
    question = answer.plan.question
    return bool(question.by) and question.unit is None


def has_comparison(answer: "Answer") -> bool:
    from storage.read.asking.answer import Answer

    return isinstance(answer.before, Answer) and not answer.plan.question.unit


def list_rows(answer: "Answer") -> list[list[str]]:
    """List the groups, and below them the total of all."""
    question, zone = answer.plan.question, answer.plan.state.zone
    rows = [
        [
            *(write_key(key, zone) for key in group.keys),
            *map("{:,}".format, group.counts),
            *list_more(answer, group.keys, group.counts[0]),
        ]
        for group in answer.groups
    ]
    if question.by and answer.groups:
        names = ["total", "", ""][: len(question.by)]
        rows.append([*names, *map("{:,}".format, answer.totals), *list_more(answer, None, answer.totals[0])])
    return rows


def list_more(answer: "Answer", keys: "tuple[Key, ...] | None", count: int) -> list[str]:
    """Give the share of the first measure, its number before and the change. Without keys, those of the total."""
    from storage.read.asking.answer import Answer

    more = []
    if has_shares(answer):
        more.append(f"{count / answer.totals[0]:.1%}" if answer.totals[0] else "")
    if has_comparison(answer) and isinstance(answer.before, Answer):
        known = {group.keys: group.counts[0] for group in answer.before.groups}
        before = answer.before.totals[0] if keys is None else known.get(keys, 0)
        more += [f"{before:,}", f"{count / before - 1:+.1%}" if before else ""]
    return more


def write_key(key: "Key", zone: "ZoneInfo") -> str:
    from storage.read.asking.question import show_value

    if isinstance(key, datetime):
        return f"{key.astimezone(zone):%Y-%m-%d %H:%M %z}"
    return key.isoformat() if isinstance(key, date) else show_value(key)


def describe_range(answer: "Answer") -> str:
    zone = answer.plan.state.zone
    begin, end = (f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in (answer.plan.span.begin, answer.plan.span.end))
    return f"{begin} to {end}, {zone.key}"


def list_notes(answer: "Answer") -> list[str]:
    """List what a reader must know: what is left out, what is not on this page, what it is compared with."""
    from storage.read.asking.answer import Answer

    notes = []
    if answer.is_behind:
        notes.append(f"{answer.pending:,} clicks are stored but not counted yet, and left out: is the sink behind?")
    if answer.gone:
        notes.append(f"{answer.gone:,} clicks of quiet days are left out: their rows are not kept")
    if answer.number > len(answer.groups) and answer.plan.question.unit is None:
        notes.append(
            f"{len(answer.groups):,} of {answer.number:,} rows: --limit shows more at once, --offset the next ones"
        )
    if isinstance(answer.before, Answer):
        notes.append(f"before: {describe_range(answer.before)}")
    elif answer.before is not None:
        notes.append(f"not compared: {getattr(answer.before, 'reason', '')}")
    return notes


def explain(explanation: "Explanation") -> list[str]:
    """Explain how the answer was found: the plan, what PostgreSQL touched, the statement and its values."""
    from storage.read.asking.description import describe_plan

    return [
        "",
        *describe_plan(explanation.plan),
        describe_touched(explanation),
        "",
        explanation.statement.text,
        *(f"${number} = {value!r}" for number, value in enumerate(explanation.statement.values, 1)),
    ]


def describe_touched(explanation: "Explanation") -> str:
    touched = explanation.touched
    return (
        f"read {touched.rollups:,} rows of counts, {touched.clicks:,} of clicks, {touched.index:,} entries of an index,"
        f" {touched.verdicts:,} verdicts, in {explanation.milliseconds:.1f} ms"
    )


def read_out(answer: "Answer", explanation: "Explanation | None" = None) -> dict[str, Any]:
    """Give an answer as JSON has it."""
    from storage.read.asking.answer import Answer

    plan = answer.plan
    found: dict[str, Any] = {
        "from": plan.span.begin,
        "to": plan.span.end,
        "zone": plan.state.zone_name,
        "rows": [
            dict(
                zip(
                    (*plan.question.by, *plan.question.measures),
                    (*map(read_key, group.keys), *group.counts),
                    strict=True,
                )
            )
            for group in answer.groups
        ],
        "totals": dict(zip(plan.question.measures, answer.totals, strict=True)),
        "number": answer.number,
        "pending": answer.pending,
        "pending_left_out": answer.is_behind,
        "gone": answer.gone,
    }
    if answer.before is not None:
        found["before"] = read_out(answer.before) if isinstance(answer.before, Answer) else answer.before
    if explanation is not None:
        found["explanation"] = {"plan": explain(explanation), "touched": explanation.touched}
    return found


def read_key(key: "Key") -> object:
    from storage.read.asking.question import show_value

    return show_value(key) if isinstance(key, str) else key
