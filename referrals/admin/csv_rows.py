"""Reads a CSV file of referral codes: its rows, and an error for every wrong line. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple, get_args

import msgspec

from referrals.admin.csv_file import LineError, Record, name_column, read_records
from referrals.admin.ids import is_id
from referrals.model import Status
from urls.codes import is_code
from urls.targets import TargetProblem, check_new_target

REQUIRED: Final = ("code", "affiliate_id", "program_id")
OPTIONAL: Final = ("status", "target_url", "affiliate_name")
NAME_SHAPE: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,200}")


class CodeRow(NamedTuple):
    """A line of the file. A value is null when it is not given, or is wrong and reported as an error.

    With `affiliate_name` the affiliate is created if it does not exist.
    """

    line: int
    code: str | None
    affiliate_id: str | None
    program_id: str | None
    status: str | None
    target_url: str | None
    affiliate_name: str | None


class CodeFile(msgspec.Struct, frozen=True):
    """All rows (those with errors too, as the database may find more errors in them), the errors, and the columns.

    `header` has the columns as the file names them, in its order; none if the header cannot be read.
    """

    rows: list[CodeRow]
    errors: list[LineError]
    columns: frozenset[str] = frozenset()
    header: tuple[str, ...] = ()


def read_rows(data: bytes, columns: Mapping[str, str] = MappingProxyType({})) -> CodeFile:
    """Read CSV with the columns `code,affiliate_id,program_id` and optionally `status,target_url,affiliate_name`.

    `columns` says what columns of other names are: `{"partner": "affiliate_id"}`; the empty text leaves one out.
    Does not check what needs the database, such as whether a program exists.
    """
    records = read_records(data, REQUIRED + OPTIONAL)
    if not records:
        return CodeFile([], [LineError(1, "the file is empty")])
    first, *others = records
    if isinstance(first, LineError):
        return CodeFile([], [first])
    names = tuple(name_column(cell) for cell in drop_empty_end(first.cells))
    header = [columns.get(name, name) for name in names]
    problem = find_header_problem(header)
    if not (problem or others):
        problem = "there are no codes below the header"
    if problem:
        return CodeFile([], [LineError(first.line, problem)], header=names)
    rows, errors = make_rows(header, others)
    return CodeFile(rows, sorted(errors), frozenset(header) - {""}, names)


def drop_empty_end(cells: Sequence[str]) -> Sequence[str]:
    """Drop empty cells at the end: spreadsheets write them for columns that were emptied."""
    last = max((place for place, cell in enumerate(cells, start=1) if cell), default=0)
    return cells[:last]


def find_header_problem(header: Sequence[str]) -> str | None:
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in ("", *REQUIRED, *OPTIONAL)]
    if missing:
        return f"the header needs {', '.join(REQUIRED)} and may have {', '.join(OPTIONAL)}; it lacks {missing[0]}"
    if unknown:
        return f"the header has {unknown[0]!r}, which is not one of {', '.join(REQUIRED + OPTIONAL)}"
    return "the header has a column twice" if any(name and header.count(name) > 1 for name in header) else None


def make_rows(header: Sequence[str], records: Iterable[Record | LineError]) -> tuple[list[CodeRow], list[LineError]]:
    rows: list[CodeRow] = []
    errors: list[LineError] = []
    needed = 1 + max(header.index(name) for name in REQUIRED)
    for record in records:
        if isinstance(record, LineError):
            errors.append(record)
            continue
        cells = drop_empty_end(record.cells)
        # Excel omits the separators of empty cells at the end of a line, so a record may have fewer cells.
        if not needed <= len(record.cells) or len(cells) > len(header):
            errors.append(LineError(record.line, f"{len(record.cells)} cells, but the header has {len(header)}"))
            continue
        padded = [*cells, *[""] * (len(header) - len(cells))]
        row, problems = make_row(record.line, dict(zip(header, padded, strict=True)))
        rows.append(row)
        errors += [LineError(record.line, reason, field) for field, reason in problems.items()]
    return rows, [*errors, *find_contradictions(rows)]


def make_row(line: int, cells: Mapping[str, str]) -> tuple[CodeRow, dict[str, str]]:
    """Make a row without its wrong values, and return what is wrong with them, by column."""
    problems = dict(find_problems(cells))
    given = {
        name: (cells.get(name) or None) if name not in problems else None for name in CodeRow._fields if name != "line"
    }
    return CodeRow(line=line, **given), problems


def find_problems(cells: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Find wrong values: their columns and what is wrong."""
    if not is_code(cells["code"]):
        yield "code", f"code {cells['code'][:80]!r}: a code must be 1 to 64 of the characters A-Z, a-z, 0-9, _ and -"
    for name in ("affiliate_id", "program_id"):
        if not is_id(cells[name]):
            yield name, f"{name} {cells[name][:80]!r}: an id must be 1 to 40 of the characters a-z, 0-9, _ and -"
    status, url, affiliate = (cells.get(name) for name in OPTIONAL)
    if status and status not in get_args(Status):
        yield "status", f"status {status[:80]!r}: a status must be active, paused or archived"
    checked = url and check_new_target(url)
    if isinstance(checked, TargetProblem):
        yield "target_url", f"target_url: {checked.reason}"
    if affiliate and not NAME_SHAPE.fullmatch(affiliate):
        yield "affiliate_name", "affiliate_name: a name must be 1 to 200 characters on one line"


def find_contradictions(rows: Iterable[CodeRow]) -> Iterator[LineError]:
    """Find codes that occur twice, and affiliates with two names."""
    lines: dict[str, int] = {}
    names: dict[str, CodeRow] = {}
    for row in rows:
        first = lines.setdefault(row.code, row.line) if row.code else row.line
        if first != row.line:
            yield LineError(row.line, f"code {row.code!r} is already on line {first}", "code")
        named = names.setdefault(row.affiliate_id, row) if row.affiliate_id and row.affiliate_name else row
        if named.affiliate_name != row.affiliate_name:
            reason = f"affiliate {row.affiliate_id!r} is called {named.affiliate_name!r} on line {named.line}"
            yield LineError(row.line, reason, "affiliate_name")
