"""What the commands about programs, affiliates and codes have in common: options, and the work on the database."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cli import showing
from cli.database import Failure, accept, run
from cli.failing import failing_clearly
from referrals.model import Kind

if TYPE_CHECKING:
    from referrals.administration import Filter
    from referrals.model import Referral

DatabaseUrl = Annotated[str, typer.Option(envvar="CLICKRAIL_DATABASE_URL", show_default=False, help="PostgreSQL")]
Id = Annotated[str, typer.Argument(metavar="ID", help="its id; a code is its own, and case matters")]
NewId = Annotated[str | None, typer.Option("--id", show_default=False, help="a-z, 0-9, _ and -; made if not given")]
Settings = Annotated[
    list[str], typer.Argument(metavar="SETTING=VALUE", help="as `show` names them; lists are comma-separated")
]


def add(database_url: str, new: "Referral") -> None:
    from referrals import administration

    showing.show_added(accept(run(database_url, lambda connection: administration.add(connection, new))))


def list_some(database_url: str, kind: Kind, wanted: "Filter") -> None:
    from referrals import administration

    listed = run(database_url, lambda connection: administration.list_some(connection, kind, wanted))
    showing.show_list(kind, listed, wanted.most)


def change(database_url: str, kind: Kind, id_: str, changes: Mapping[str, object]) -> None:
    from referrals import administration

    accept(run(database_url, lambda connection: administration.change(connection, kind, id_, changes)))


def read_settings(kind: Kind, texts: Sequence[str]) -> dict[str, object]:
    """Read `name=value` for fields of a program, affiliate or code; nothing behind the `=` is null, or an empty list.

    What else a value may be, the tables know.
    """
    from msgspec.structs import fields

    from referrals.administration import COLUMNS, KEYS
    from referrals.model import TYPES

    defaults = {field.name: field.default for field in fields(TYPES[kind])}
    names = [name for name in COLUMNS[kind] if name != KEYS[kind]]
    with failing_clearly(Failure):
        pairs = [text.partition("=") for text in texts]
        for name, equals, _ in pairs:
            if name not in names or not equals:
                raise Failure(f"{name!r} is no setting of a {kind} with its value: {', '.join(names)}")
        return {name: read_value(name, value, defaults[name]) for name, _, value in pairs}


def read_value(name: str, text: str, default: object) -> object:
    """Read a value by the kind its default is of."""
    match default:
        case int():
            if not text.isdecimal():
                raise Failure(f"{name} is a number, and not {text!r}")
            return int(text)
        case tuple():
            return split_list(text)
        case None:
            return text or None
        case _:
            return text


def split_list(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
