"""Reads a file of referral codes: rows, or every line that is wrong and why. Pure."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Final, NamedTuple, get_args

import msgspec

from referrals.ids import is_id
from referrals.model import Status
from urls.codes import is_code
from urls.targets import TargetProblem, check_new_target

REQUIRED: Final = ("code", "affiliate_id", "program_id")
OPTIONAL: Final = ("status", "target_url", "affiliate_name")
NAME_SHAPE: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,200}")


class CodeRow(NamedTuple):
    """A line of the file. `affiliate_name` makes the affiliate, where there is none of that id yet."""

    line: int
    code: str
    affiliate_id: str
    program_id: str
    status: str
    target_url: str | None
    affiliate_name: str | None


class LineError(msgspec.Struct, frozen=True, order=True):
    """What is wrong with a line (counted from 1, as editors do)."""

    line: int
    reason: str


def read_rows(data: bytes) -> list[CodeRow] | list[LineError]:
    """Read UTF-8 CSV with a header: `code,affiliate_id,program_id` and, as wanted, `status,target_url,affiliate_name`.

    Gives all rows, or all errors. What only the database knows (is there such a program?) is not checked here.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [LineError(data.count(b"\n", 0, error.start) + 1, "not UTF-8")]
    records = split_records(text)
    if isinstance(records, LineError):
        return [records]
    header = records[0][1] if records else []
    problem = find_header_problem(header)
    return [LineError(1, problem)] if problem else sort_out(header, records[1:])


def split_records(text: str) -> list[tuple[int, list[str]]] | LineError:
    """Give each record that is not empty, with the line it begins on: a quoted field may go over several."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    records = []
    begins = 1
    try:
        for cells in reader:
            if cells:
                records.append((begins, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        return LineError(begins, f"not CSV: {error}")
    return records


def find_header_problem(header: Sequence[str]) -> str | None:
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in REQUIRED + OPTIONAL]
    if missing:
        return f"the header needs {', '.join(REQUIRED)} and may have {', '.join(OPTIONAL)}; {missing[0]} is missing"
    if unknown:
        return f"the header has {unknown[0]!r}, which is none of {', '.join(REQUIRED + OPTIONAL)}"
    return "the header has a column twice" if len(set(header)) < len(header) else None


def sort_out(header: Sequence[str], lines: Iterable[tuple[int, list[str]]]) -> list[CodeRow] | list[LineError]:
    rows: list[CodeRow] = []
    errors: list[LineError] = []
    for line, cells in lines:
        if len(cells) != len(header):
            errors.append(LineError(line, f"{len(cells)} cells, and the header has {len(header)}"))
            continue
        row = make_row(line, dict(zip(header, cells, strict=True)))
        reasons = list(find_problems(row))
        errors += [LineError(line, reason) for reason in reasons]
        if not reasons:
            rows.append(row)
    errors += find_contradictions(rows)
    return sorted(errors) if errors else rows or [LineError(1, "there are no codes below the header")]


def make_row(line: int, cells: Mapping[str, str]) -> CodeRow:
    return CodeRow(
        line=line,
        code=cells["code"],
        affiliate_id=cells["affiliate_id"],
        program_id=cells["program_id"],
        status=cells.get("status") or "active",
        target_url=cells.get("target_url") or None,
        affiliate_name=cells.get("affiliate_name") or None,
    )


def find_problems(row: CodeRow) -> Iterator[str]:
    if not is_code(row.code):
        yield f"code {row.code[:80]!r}: a code is 1 to 64 of the characters A-Z, a-z, 0-9, _ and -"
    for name, id_ in (("affiliate_id", row.affiliate_id), ("program_id", row.program_id)):
        if not is_id(id_):
            yield f"{name} {id_[:80]!r}: an id is 1 to 40 of the characters a-z, 0-9, _ and -"
    if row.status not in get_args(Status):
        yield f"status {row.status[:80]!r}: a status is active or paused"
    checked = row.target_url and check_new_target(row.target_url)
    if isinstance(checked, TargetProblem):
        yield f"target_url: {checked.reason}"
    if row.affiliate_name and not NAME_SHAPE.fullmatch(row.affiliate_name):
        yield "affiliate_name: a name is 1 to 200 characters on one line"


def find_contradictions(rows: Iterable[CodeRow]) -> Iterator[LineError]:
    """Find codes that stand twice, and affiliates with two names."""
    lines: dict[str, int] = {}
    names: dict[str, CodeRow] = {}
    for row in rows:
        first = lines.setdefault(row.code, row.line)
        if first != row.line:
            yield LineError(row.line, f"code {row.code!r} stands on line {first} already")
        named = names.setdefault(row.affiliate_id, row) if row.affiliate_name else row
        if named.affiliate_name != row.affiliate_name:
            yield LineError(
                row.line, f"affiliate {row.affiliate_id!r} is called {named.affiliate_name!r} on line {named.line}"
            )
