"""The numbered SQL files of a package, their first lines, and their statements. Pure, but for reading the files."""

import hashlib
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, Literal

import msgspec

FILE_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
RECORDED_AS: Final = "recorded_as"

Engine = Literal["postgresql", "timescaledb"]
"""`timescaledb`: the database has the extension; `postgresql`: it does not."""

MARK: Final = "-- migrate:"
TOKEN: Final = re.compile(
    r"""
    (?P<end>;)
    | (?P<blank>\s+ | --[^\n]* | /\*.*?\*/)
    | (?P<text>
        \b[eE]'(?:[^'\\]|\\.|'')*'
        | '(?:[^']|'')*'
        | "(?:[^"]|"")*"
        | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
        | .
    )
    """,
    re.VERBOSE | re.DOTALL,
)


class MigrationError(Exception):
    """The files and the database do not match, or a file failed. The message names the file."""


class Directives(msgspec.Struct, frozen=True):
    """What the first line of a file says: `-- migrate: no transaction, only timescaledb`, or one of the two."""

    in_transaction: bool = True
    only: Engine | None = None


class Migration(msgspec.Struct, frozen=True):
    """One file of a package. `recorded_as` is the package's name in the database."""

    package: str
    number: int
    title: str
    sql: str
    recorded_as: str

    @property
    def name(self) -> str:
        return f"{self.package}/migrations/{self.number:04}_{self.title}.sql"

    @property
    def directives(self) -> Directives:
        """The directives of the first line. Raises MigrationError."""
        return read_directives(self.name, self.sql)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationSet(msgspec.Struct, frozen=True):
    """The migrations of one package, numbered 1, 2, 3 ..."""

    package: str
    recorded_as: str
    migrations: tuple[Migration, ...]


def find_migrations(package: str) -> MigrationSet:
    """Read the migrations in a package's folder `migrations`."""
    return read_migrations(package, files(package) / "migrations")


def read_migrations(package: str, folder: Traversable) -> MigrationSet:
    """Read `folder`.

    Raises MigrationError for a file not named `NNNN_title.sql`, a repeated or missing number, and a bad directive.

    A renamed package has a file `recorded_as`, which holds its first name: databases keep that one.
    """
    renamed = folder / RECORDED_AS
    recorded_as = renamed.read_text("utf-8").strip() if renamed.is_file() else package
    found: list[Migration] = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        match = FILE_NAME.fullmatch(file.name)
        if match:
            found.append(Migration(package, int(match[1]), match[2], file.read_text("utf-8"), recorded_as))
        elif file.name.endswith(".sql"):
            raise MigrationError(f"{package}/migrations/{file.name}: a migration is named NNNN_title.sql")
    for number, migration in enumerate(found, start=1):
        if migration.number != number:
            raise MigrationError(f"{migration.name}: number {number:04} is expected here")
        read_directives(migration.name, migration.sql)
    return MigrationSet(package, recorded_as, tuple(found))


def read_directives(name: str, sql: str) -> Directives:
    """Read the first line of a file. Raises MigrationError for a word that is unknown."""
    first = sql.partition("\n")[0].strip()
    if not first.startswith(MARK):
        return Directives()
    directives = Directives()
    for word in (word.strip() for word in first.removeprefix(MARK).split(",")):
        match word:
            case "no transaction":
                directives = msgspec.structs.replace(directives, in_transaction=False)
            case "only timescaledb":
                directives = msgspec.structs.replace(directives, only="timescaledb")
            case "only postgresql":
                directives = msgspec.structs.replace(directives, only="postgresql")
            case _:
                raise MigrationError(
                    f"{name}: after {MARK} write no transaction, only timescaledb, or only postgresql; not {word!r}"
                )
    return directives


def split_statements(sql: str) -> list[str]:
    """Split SQL at its semicolons, except those in strings, names and comments. Nested comments are not supported."""
    statements, start, has_words = [], 0, False
    for token in TOKEN.finditer(sql):
        if token["end"] is None:
            has_words = has_words or token["text"] is not None
            continue
        if has_words:
            statements.append(sql[start : token.start()].strip())
        start, has_words = token.end(), False
    return [*statements, sql[start:].strip()] if has_words else statements
