"""`clickrail keys export-token`: the keys with which one merchant verifies click tokens."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.database import CommandError, run, unwrap
from cli.errors import exit_on
from cli.keys import KeysFile
from cli.options import MaybeDatabaseUrl
from cli.output import note, show_json
from identity.keys import KeyRingError

if TYPE_CHECKING:
    import asyncpg

Program = Annotated[str, typer.Option("--program", show_default=False, help="the program's id")]
OneKid = Annotated[
    str | None, typer.Option("--kid", show_default=False, help="only this key; without it, all that are not destroyed")
]


def export_token(
    keys_file: KeysFile, program: Program, kid: OneKid = None, database_url: MaybeDatabaseUrl = None
) -> None:
    """Print the keys that verify a program's click tokens, as JSON, for its merchant. They are secret.

    They are derived from the ring's token keys for this program: they make and verify no other program's tokens. Send
    them again after `keys rotate token`. With a database URL the program is looked up first.
    """
    from identity.cookie_header import cookie_name
    from identity.keyfile import read_ring
    from identity.token import ALGORITHM, export_keys

    with exit_on(KeyRingError, CommandError):
        try:
            cookie_name(program, https=True)
        except ValueError:
            raise CommandError(f"{program!r} is no program id: it has 1 to 40 of a-z, 0-9, _ and -") from None
        keys = export_keys(read_ring(keys_file), program, kid)
    if database_url:
        run(database_url, lambda connection: require_program(connection, program))
    show_json({"program": program, "algorithm": ALGORITHM, "keys": keys})
    note(
        f"These keys are secret: whoever has them can make click tokens of {program}. Send them to its merchant only, "
        "over a private channel, and again after each `clickrail keys rotate token`."
    )


async def require_program(connection: "asyncpg.Connection", program: str) -> None:
    """Exit with the reason if there is no such program: a key of a misspelt id verifies nothing."""
    from referrals.admin.repository import find

    unwrap(await find(connection, "program", program))
