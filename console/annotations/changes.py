"""Pauses, resumes, changes of targets and imports, from the audit log. Changes of one minute are told together.

Only what was changed in the console is there: changes by the command line or by SQL are in no audit log.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from console.annotations.automatic import Automatic
from console.annotations.entity_filters import list_parameters, write_condition
from console.view.view import View
from storage.read.asking.question import Span
from storage.read.queries import QUERY_S, Reader

MOST: Final = 200
NAMED: Final = 3
FIELDS: Final = ("program", "affiliate", "code")
CHANGES: Final = f"""
    WITH changes AS (
        SELECT at, split_part(action, '.', 1) AS kind, substr(subject, strpos(subject, ' ') + 1) AS id, after
        FROM audit_log WHERE action IN ('program.change', 'affiliate.change', 'code.change') AND at >= $1 AND at < $2
    ), parts AS (
        SELECT at, kind, id, after ->> 'status' AS change FROM changes WHERE after ? 'status'
        UNION ALL SELECT at, kind, id, 'target' FROM changes WHERE after ? 'target_url'
    ), about AS (
        SELECT p.at, p.kind, p.id, p.change, c.code,
            CASE p.kind WHEN 'program' THEN p.id ELSE c.program_id END AS program_id,
            CASE p.kind WHEN 'affiliate' THEN p.id ELSE c.affiliate_id END AS affiliate_id
        FROM parts p LEFT JOIN referral_codes c ON p.kind = 'code' AND c.code = p.id
    )
    SELECT min(at) AS at, kind, change, count(DISTINCT about.id) AS number,
        (array_agg(DISTINCT CASE kind WHEN 'program' THEN coalesce(programs.name, about.id)
            WHEN 'affiliate' THEN coalesce(affiliates.name, about.id) ELSE about.id END))[1:{NAMED}] AS names,
        CASE WHEN count(DISTINCT program_id) = 1 THEN min(coalesce(programs.name, program_id)) END AS program
    FROM about LEFT JOIN programs ON programs.id = program_id LEFT JOIN affiliates ON affiliates.id = affiliate_id
    WHERE kind = ANY ($3) AND {write_condition("program_id", "programs.name", 4)}
        AND {write_condition("affiliate_id", "affiliates.name", 6)} AND {write_condition("code", "code", 8)}
    GROUP BY date_trunc('minute', at), kind, change ORDER BY 1 DESC LIMIT {MOST}
"""  # noqa: S608 - parts of our own
IMPORTS: Final = f"""
    SELECT at, after FROM audit_log WHERE action = 'code.import' AND at >= $1 AND at < $2
    ORDER BY at DESC LIMIT {MOST}
"""  # noqa: S608 - a number of our own
ONE: Final = {"program": "The program", "affiliate": "An affiliate", "code": "A code"}
MANY: Final = {"program": "programs", "affiliate": "affiliates", "code": "codes"}
DONE: Final = {"paused": "paused", "active": "resumed", "archived": "archived"}
COUNTS: Final = {"codes": "codes added", "affiliates": "affiliates added", "updated": "changed", "renamed": "renamed"}


def list_kinds(view: View, *, is_shared: bool) -> Sequence[str]:
    """List whose changes a page shows. A shared one: only of those to whom its filters limit it by name."""
    if not is_shared:
        return FIELDS
    named = [field for field in FIELDS if (one := view.find_filter(field)) is not None and one.operator == "is"]
    return [field for field in FIELDS if field in named or (field == "code" and named)]


async def read_changes(reader: Reader, view: View, span: Span, *, is_shared: bool) -> list[Automatic]:
    """Read the changes that belong to a view. Raises asyncpg's errors."""
    kinds = list_kinds(view, is_shared=is_shared)
    if not kinds:
        return []
    values = (span.begin, span.end, list(kinds), *list_parameters(view, *FIELDS))
    found = [write_change(row) for row in await reader.fetch(CHANGES, *values, timeout=QUERY_S)]
    if is_shared or any(view.find_filter(field) for field in FIELDS):
        # Of a file nobody knows any more which codes it had.
        return found
    rows = await reader.fetch(IMPORTS, span.begin, span.end, timeout=QUERY_S)
    return found + [write_import(row) for row in rows]


def write_change(row: Mapping[str, Any]) -> Automatic:
    """Say what was changed: of one by its name, of several with how many there are."""
    kind, number, names = row["kind"], row["number"], row["names"]
    what = describe_change(row["change"], number)
    who = f"{kind.capitalize()} {names[0]}" if number == 1 else f"{number:,} {MANY[kind]}"
    more = "" if number == 1 else f": {', '.join(names)}{' ...' if number > len(names) else ''}"
    anybody = ONE[kind] if number == 1 else f"{number:,} {MANY[kind]}"
    program = "" if kind == "program" else row["program"] or ""
    return Automatic(
        at=row["at"], kind="change", text=f"{who} {what}{more}", public=f"{anybody} {what}", program=program
    )


def describe_change(change: str, number: int) -> str:
    were = "was" if number == 1 else "were"
    return f"{were} given another target" if change == "target" else f"{were} {DONE.get(change, change)}"


def write_import(row: Mapping[str, Any]) -> Automatic:
    counts = msgspec.json.decode(row["after"], type=dict[str, Any])
    said = [f"{counts[name]:,} {words}" for name, words in COUNTS.items() if isinstance(counts.get(name), int)]
    shown = ", ".join(one for one in said if not one.startswith("0 "))
    return Automatic(at=row["at"], kind="change", text=f"A file of codes was imported: {shown or 'no change'}")
