"""`clickrail token verify`."""

import sys
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.database import CommandError, run
from cli.errors import exit_on
from cli.keys import KeysFile
from cli.options import AsJson, MaybeDatabaseUrl
from cli.output import show_json
from identity.keys import KeyRingError

if TYPE_CHECKING:
    import asyncpg

    from identity.token import TokenKeys

token = typer.Typer(help="Click tokens, as merchants send them back.", no_args_is_help=True)

WHY: Final = {
    "malformed": "a click token has 45 characters: 26 of the click's id, a dot, and 18 more",
    "unknown_key": "this key ring has never had the key that it names: it may come from another installation",
    "destroyed_key": "it was made with a key that has been destroyed",
    "forged": "it was altered, or made elsewhere, or for another program",
    "unknown_click": "its click is not in the table, or not yet, so its program is not known: give --program",
}
SHOWN: Final = ("is_test", "code", "affiliate_id", "program_id")

Click = dict[str, Any]


@token.command()
def verify(
    keys_file: KeysFile,
    click_token: Annotated[
        str | None,
        typer.Argument(
            metavar="TOKEN",
            show_default=False,
            help="the token as it was sent back; without it, or with -, tokens are read from standard input",
        ),
    ] = None,
    program: Annotated[
        str | None, typer.Option(show_default=False, help="the program's id; without it, that of the click's row")
    ] = None,
    database_url: MaybeDatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Check whether click tokens are genuine, and show their clicks. Exit code 1 if one is not.

    Standard input has one token on each line. Each program has its own key: give --program, or a database URL to look
    the program up. With a database URL a click of a test link is marked as a test.
    """
    from identity.keyfile import read_ring
    from identity.token import TokenKeys

    with exit_on(KeyRingError, CommandError):
        keys = TokenKeys(read_ring(keys_file))
        given = read_tokens([click_token] if click_token not in (None, "-") else list(sys.stdin))
        verified = verify_all(keys, given, program, database_url)
    if as_json:
        show_json(verified[0] if click_token not in (None, "-") else verified)
    else:
        for one in verified:
            print(describe(one))
    if not all(one["genuine"] for one in verified):
        raise typer.Exit(1)


def read_tokens(texts: list[str]) -> list[str]:
    """Read tokens, in upper or lower case, with any text around them. Raises CommandError if there is none."""
    from urls.pasted import read_pasted

    given = [read_pasted(text).token or text.strip() for text in texts if text.strip()]
    if not given:
        raise CommandError("there is no token on standard input: give TOKEN, or one token on each line")
    return given


def verify_all(keys: "TokenKeys", given: list[str], program: str | None, database_url: str | None) -> list[Click]:
    """Verify tokens. Raises CommandError if a program has to be known, and neither it nor a database is given."""
    from identity.token import read_click_id

    # Some texts are no token of any program.
    ids = [click_id for text in given if isinstance(click_id := read_click_id(keys, text), str)]
    if ids and not program and not database_url:
        raise CommandError("each program has its own key: give --program, or --database-url to look the click up")
    clicks: dict[str, Click | None] | None = None
    if database_url:
        # With the program it is known without the database whether a token is genuine: `run` prints its error, and the
        # command goes on.
        with suppress(typer.Exit) if program else nullcontext():
            clicks = run(database_url, lambda connection: find_clicks(connection, ids))
    return [verify_one(keys, text, program, clicks) for text in given]


async def find_clicks(connection: "asyncpg.Connection", ids: list[str]) -> dict[str, Click | None]:
    """Return what is shown of each click; null for one that is not in the table."""
    from storage.read.finding import find_click

    stored = {click_id: await find_click(connection, click_id) for click_id in ids}
    return {
        click_id: None if one is None else {name: getattr(one.click, name) for name in SHOWN}
        for click_id, one in stored.items()
    }


def verify_one(keys: "TokenKeys", given: str, program: str | None, clicks: dict[str, Click | None] | None) -> Click:
    """Verify a token with the key of `program`, or of its click's; `clicks` is null without a database."""
    from identity.token import read_click_id, verify_token
    from identity.ulid_time import ulid_time
    from identity.verification import VerificationError

    click_id = read_click_id(keys, given)
    if isinstance(click_id, VerificationError):
        return {"token": given, "genuine": False, "reason": click_id.reason}
    click = clicks.get(click_id) if clicks else None
    program_id = program or (click["program_id"] if click else None)
    if program_id is None:
        return {"token": given, "genuine": None, "reason": "unknown_click"}
    verified = verify_token(keys, given, program_id)
    if isinstance(verified, VerificationError):
        return {"token": given, "genuine": False, "reason": verified.reason}
    one = {"token": given, "genuine": True, "click_id": click_id, "clicked_at": ulid_time(click_id)}
    return one if clicks is None else one | {"click": click}


def describe(one: Click) -> str:
    if not one["genuine"]:
        found = "not verified" if one["genuine"] is None else "not genuine"
        return f"{found}: {one['reason']} ({WHY[one['reason']]})"
    text = f"genuine: click {one['click_id']} of {one['clicked_at']:%Y-%m-%d %H:%M:%S} UTC"
    if "click" not in one:
        return text
    click = one["click"]
    if click is None:
        return f"{text}, which is not in the table, or not yet"
    test = "; a test, which no total counts" if click["is_test"] else ""
    return f"{text}, by code {click['code']} of {click['affiliate_id']} for {click['program_id']}{test}"
