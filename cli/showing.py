"""How referrals are shown: tables and sentences on a terminal, plain lines with tabs in a pipe."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from referrals.explain import Explanation
    from referrals.importing import NotImported
    from referrals.model import Kind, Program, Referral

SHOWN_ERRORS: Final = 20
LISTED: Final[dict["Kind", tuple[str, ...]]] = {
    "program": ("id", "name", "status", "target_url", "fallback_url", "cookie_window_days"),
    "affiliate": ("id", "name", "status"),
    "code": ("code", "affiliate_id", "program_id", "status", "target_url"),
}
STYLES: Final = {"active": "green", "paused": "yellow"}


def show_list(kind: "Kind", values: "Sequence[Referral]", most: int) -> None:
    columns = LISTED[kind]
    rows = [[text_of(getattr(value, column)) for column in columns] for value in values]
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*(column.replace("_", " ") for column in columns), box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell, style=STYLES.get(cell, ""), overflow="fold") for cell in row))
    Console().print(table if rows else f"No {kind}s.")
    if len(rows) == most:
        print(f"There may be more: --after {rows[-1][0]}, or a higher --limit.")


def show_one(fields: Mapping[str, object]) -> None:
    """Print names and values; a list takes a line for each item."""
    lines = [
        (name, text_of(item))
        for name, value in fields.items()
        for item in (value if isinstance(value, list) else [value])
    ]
    if not sys.stdout.isatty():
        for name, text in lines:
            print(f"{name}\t{text}")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    before = None
    for name, text in lines:
        label = "" if name == before else name.replace("_", " ")
        table.add_row(Text(label, style="dim"), Text(text, style=STYLES.get(text, ""), overflow="fold"))
        before = name
    Console().print(table)


def show_added(value: "Referral") -> None:
    # A script wants the id and nothing else: `ID=$(clickrail program add ...)`.
    print(f"{value.kind} {value.id} added" if sys.stdout.isatty() else value.id)


def show_errors(refused: "NotImported", file: Path) -> None:
    for error in refused.errors[:SHOWN_ERRORS]:
        print(f"line {error.line}: {error.reason}", file=sys.stderr)
    more = len(refused.errors) - SHOWN_ERRORS
    if more > 0:
        print(f"and {more} more", file=sys.stderr)
    print(f"clickrail: {file}: nothing was imported (errors: {len(refused.errors)})", file=sys.stderr)


def describe_check(explained: "Explanation") -> dict[str, object]:
    """Give what `code check` says, line by line."""
    found = explained.found
    if found is None:
        return {"code": explained.code, "answer": explained.answer, "counts": explained.counted, "why": explained.why}
    https = "unknown: give --public-url" if explained.https is None else explained.https
    return {
        "code": f"{found.code.code}, {found.code.status}",
        "affiliate": f"{found.affiliate.id}, {found.affiliate.status}",
        "program": f"{found.program.id}, {found.program.status}",
        "answer": explained.answer,
        "location": explained.location,
        "counts": explained.counted,
        "cookie": name_cookie(explained, found.program) if explained.sets_cookie else "none",
        "cookie_domain": found.program.cookie_domain or "that host alone",
        "https": https,
        "why": explained.why,
    }


def name_cookie(explained: "Explanation", program: "Program") -> str:
    from identity.cookie_header import cookie_name

    # Where it is not known, https is what visitors should reach.
    https = explained.https is not False
    return f"{cookie_name(program.id, https=https, domain=program.cookie_domain)}, {program.cookie_window_days} days"


def text_of(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value)
    return "" if value is None else str(value)
