"""Formats output: tables and sentences on a terminal, lines with tabs in a pipe, or JSON.

Messages for people go to standard error, so that scripts can read standard output.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from referrals.admin.repository import Page
    from referrals.model import Kind, Referral

LISTED: Final[dict["Kind", tuple[str, ...]]] = {
    "program": ("id", "name", "status", "target_url", "fallback_url", "cookie_window_days"),
    "affiliate": ("id", "name", "status"),
    "code": ("code", "affiliate_id", "program_id", "status", "target_url"),
}
STYLES: Final = {"active": "green", "paused": "yellow", "archived": "dim"}


def note(text: str) -> None:
    """Print a message for people."""
    print(text, file=sys.stderr)


def show_json(value: Any) -> None:
    """Print a value as JSON; a list is one array."""
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, header: bool = True) -> None:
    """Print a table with a header: aligned on a terminal, else lines with tabs."""
    if not sys.stdout.isatty():
        for row in ([columns] if header else []) + list(rows):
            print("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    titles = (column.replace("_", " ") for column in columns)
    table = Table(*titles, box=None, header_style="bold", pad_edge=False, show_header=header)
    for row in rows:
        table.add_row(*(Text(cell, style=STYLES.get(cell, ""), overflow="fold") for cell in row))
    Console().print(table)


def show_list(kind: "Kind", page: "Page", *, as_json: bool, header: bool, complete: bool) -> None:
    """Print a page of programs, affiliates or codes; `complete`: archived ones are included."""
    if as_json:
        show_json(page.values)
    elif page.values or not sys.stdout.isatty():
        columns = LISTED[kind]
        rows = [[text_of(getattr(value, column)) for column in columns] for value in page.values]
        show_table(columns, rows, header=header)
    if not page.values:
        note(f"No {kind}s." if complete else f"No {kind}s; archived ones are left out, --all shows them too.")
    if page.has_more:
        note(f"There are more: --after={page.values[-1].id} shows the next ones, --limit shows more at once.")


def show_one(fields: Mapping[str, object]) -> None:
    """Print names and values; a list has a line for each item."""
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


def show_added(value: "Referral", link: str | None, *, as_json: bool) -> None:
    """Print what was added, and the link of a code."""
    if as_json:
        show_json(fields_of(value, link))
        return
    # In a pipe only the id, for scripts: `ID=$(clickrail program add ...)`.
    print(f"{value.kind} {value.id} is added" if sys.stdout.isatty() else value.id)
    if link:
        note(f"Its link is {link}" + ("" if "://" in link else ": give --public-url to see the whole URL"))


def fields_of(value: "Referral", link: str | None = None) -> dict[str, object]:
    from msgspec.structs import asdict

    return asdict(value) | ({"link": link} if link else {})


def text_of(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={number:g}" for name, number in value.items())
    return "" if value is None else str(value)


def count(number: int, noun: str) -> str:
    """Format a count: `1 code`, `2 codes`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def name_kind(kind: "Kind") -> str:
    """Return a kind with its article."""
    return f"an {kind}" if kind == "affiliate" else f"a {kind}"
