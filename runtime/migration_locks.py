"""Which tables a statement of a migration locks, and for how long: for `clickrail migrate --plan`. Pure.

Read from the statement's text, so only statements as migrations write them are known; for any other the answer is None,
never a guess. A test compares the answers with the locks that PostgreSQL really takes, for every migration we have.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec

LockMode = Literal[
    "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"
]
WEAKEST_FIRST: Final[tuple[LockMode, ...]] = (
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)


class TableLock(msgspec.Struct, frozen=True):
    """A lock on a table. `reads_rows`: the statement reads or writes the rows, so a large table takes long."""

    table: str
    mode: LockMode
    reads_rows: bool = False

    @property
    def stops_writes(self) -> bool:
        """Whether INSERT, UPDATE and DELETE wait for it."""
        return WEAKEST_FIRST.index(self.mode) >= WEAKEST_FIRST.index("SHARE")

    @property
    def stops_reads(self) -> bool:
        """Whether SELECT waits for it, too."""
        return self.mode == "ACCESS EXCLUSIVE"


BLANK: Final = re.compile(r"--[^\n]*|\s+")
NAME: Final = r'"?([a-z_][a-z0-9_$]*)"?'
IF: Final = r"(?:IF (?:NOT )?EXISTS )?"
CREATE_INDEX: Final = re.compile(
    rf"CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?{IF}{NAME} ON (?:ONLY )?{NAME}", re.IGNORECASE
)
DROP_INDEX: Final = re.compile(rf"DROP INDEX (CONCURRENTLY )?{IF}{NAME}", re.IGNORECASE)
ALTER_TABLE: Final = re.compile(rf"ALTER TABLE {IF}(?:ONLY )?{NAME} (.*)", re.IGNORECASE)
CREATE_TABLE: Final = re.compile(rf"CREATE TABLE {IF}{NAME}", re.IGNORECASE)
TRIGGER: Final = re.compile(rf"CREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER {NAME} .*? ON {NAME}", re.IGNORECASE)
CHANGE_ROWS: Final = re.compile(rf"(INSERT INTO|UPDATE|DELETE FROM) (?:ONLY )?{NAME}(.*)", re.IGNORECASE)
LOCK_TABLE: Final = re.compile(r"LOCK (?:TABLE )?(?:ONLY )?([a-z_0-9, ]+?) IN ([A-Z ]+) MODE", re.IGNORECASE)
COMMENT: Final = re.compile(rf"COMMENT ON (?:TABLE {NAME}|COLUMN {NAME}\.)", re.IGNORECASE)
REFERENCES: Final = re.compile(rf"\bREFERENCES {NAME}", re.IGNORECASE)
LOCKS_OTHERS: Final = re.compile(
    r"ALTER TABLE .*\b((ATTACH|DETACH) PARTITION|INHERIT|CLUSTER|DROP CONSTRAINT \S+_fkey)\b", re.IGNORECASE
)
"""Locks tables that the statement need not name, such as the one that a foreign key refers to."""
LOCKS_NO_TABLE: Final = re.compile(
    r"(CREATE (OR REPLACE )?(VIEW|FUNCTION)|CREATE (SEQUENCE|TYPE|DOMAIN)|DROP (VIEW|FUNCTION)|SELECT pg_sleep)\b",
    re.IGNORECASE,
)

# Not every type: a serial column is numbered in all rows, and a domain may have a condition.
TYPE: Final = (
    r"(?:boolean|smallint|int|integer|bigint|real|double precision|numeric|text|varchar|char|bytea|uuid|jsonb?|date"
    r"|inet|interval|timestamptz|time(?:stamp)?(?: with(?:out)? time zone)?)(?:\([0-9, ]+\))?(?:\[\])?"
)
CONSTANT: Final = r"(?:'[^']*'|[0-9.]+|true|false|null|now\(\))"
MOMENTARY: Final = (
    # The value of a constant default is kept in the catalog: no row is written.
    rf"ADD COLUMN {IF}{NAME} {TYPE}( COLLATE \"C\")?( NOT NULL)?( DEFAULT {CONSTANT})?( NOT NULL)?",
    rf"DROP (COLUMN|CONSTRAINT) {IF}{NAME}( CASCADE)?",
    rf"ALTER COLUMN {NAME} (DROP (DEFAULT|NOT NULL)|SET DEFAULT .*|SET STATISTICS \d+)",
    r"ADD CONSTRAINT .* NOT VALID",
    rf"RENAME (COLUMN |CONSTRAINT )?.*|SET \(.*\)|(ENABLE|DISABLE) TRIGGER {NAME}",
)
IS_MOMENTARY: Final = re.compile("|".join(f"(?:{one})" for one in MOMENTARY), re.IGNORECASE)
WEAKER: Final[tuple[tuple[re.Pattern[str], LockMode], ...]] = (
    (
        re.compile(r"VALIDATE CONSTRAINT|SET \(|ALTER COLUMN \S+ SET STATISTICS", re.IGNORECASE),
        "SHARE UPDATE EXCLUSIVE",
    ),
    (re.compile(r"(ENABLE|DISABLE) TRIGGER|ADD (CONSTRAINT \S+ )?FOREIGN KEY", re.IGNORECASE), "SHARE ROW EXCLUSIVE"),
)


def read_locks(statement: str, indexes: Mapping[str, str]) -> list[TableLock] | None:
    """Return the locks on tables that a statement takes and keeps until its transaction ends; None if it is unknown.

    `indexes`: the table of each index, by the index's name. Locks for which only
    changes of the schema wait are left out. So is the table that a foreign key refers to which is dropped with its
    column, or by a name that does not end in `_fkey`.
    """
    text = one_line(statement)
    if LOCKS_NO_TABLE.match(text):
        return []
    if LOCKS_OTHERS.match(text):
        return None
    if match := DROP_INDEX.match(text):
        return list(of_dropped_index(match, indexes))
    for pattern, describe in KNOWN:
        if match := pattern.match(text):
            return list(describe(match))
    return None


def one_line(statement: str) -> str:
    """Return a statement without comments, on one line. A text that holds two spaces or `--` is changed."""
    return BLANK.sub(" ", statement).strip()


def of_new_index(match: re.Match[str]) -> Iterator[TableLock]:
    yield TableLock(match[3], "SHARE UPDATE EXCLUSIVE" if match[1] else "SHARE", reads_rows=True)


def of_dropped_index(match: re.Match[str], indexes: Mapping[str, str]) -> Iterator[TableLock]:
    if match[2] in indexes:
        yield TableLock(indexes[match[2]], "SHARE UPDATE EXCLUSIVE" if match[1] else "ACCESS EXCLUSIVE")


def of_changed_table(match: re.Match[str]) -> Iterator[TableLock]:
    actions = split_actions(match[2])
    modes = [mode_of(action) for action in actions]
    strongest = max(modes, key=WEAKEST_FIRST.index)
    yield TableLock(match[1], strongest, reads_rows=not all(map(IS_MOMENTARY.fullmatch, actions)))
    yield from of_referenced(match.string)


def mode_of(action: str) -> LockMode:
    return next((mode for pattern, mode in WEAKER if pattern.match(action)), "ACCESS EXCLUSIVE")


def split_actions(text: str) -> list[str]:
    """Split the actions of an ALTER TABLE at the commas that are in no bracket and no text."""
    actions, depth, is_text = [""], 0, False
    for character in text:
        is_text ^= character == "'"
        depth += 0 if is_text else (character == "(") - (character == ")")
        if character == "," and depth == 0 and not is_text:
            actions.append("")
        else:
            actions[-1] += character
    return [action.strip() for action in actions]


def of_new_table(match: re.Match[str]) -> Iterator[TableLock]:
    if parent := re.search(rf"\bPARTITION OF {NAME}", match.string, re.IGNORECASE):
        yield TableLock(parent[1], "ACCESS EXCLUSIVE")
    yield from of_referenced(match.string)


def of_referenced(text: str) -> Iterator[TableLock]:
    for match in REFERENCES.finditer(text):
        yield TableLock(match[1], "SHARE ROW EXCLUSIVE")


def of_trigger(match: re.Match[str]) -> Iterator[TableLock]:
    yield TableLock(match[2], "SHARE ROW EXCLUSIVE")


def of_changed_rows(match: re.Match[str]) -> Iterator[TableLock]:
    is_short = match[1].upper() == "INSERT INTO" and not re.search(r"\bSELECT\b.*\bFROM\b", match[3], re.IGNORECASE)
    yield TableLock(match[2], "ROW EXCLUSIVE", reads_rows=not is_short)


def of_lock(match: re.Match[str]) -> Iterator[TableLock]:
    for mode in WEAKEST_FIRST:
        if mode == match[2].upper():
            yield from (TableLock(name.strip(), mode) for name in match[1].split(","))


def of_comment(match: re.Match[str]) -> Iterator[TableLock]:
    yield TableLock(match[1] or match[2], "SHARE UPDATE EXCLUSIVE")


KNOWN: Final = (
    (CREATE_INDEX, of_new_index),
    (ALTER_TABLE, of_changed_table),
    (CREATE_TABLE, of_new_table),
    (TRIGGER, of_trigger),
    (CHANGE_ROWS, of_changed_rows),
    (LOCK_TABLE, of_lock),
    (COMMENT, of_comment),
)
