"""`clickrail token verify`."""

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.database import CommandError, run
from cli.errors import exit_on
from cli.keys import KeysFile
from cli.options import AsJson, MaybeDatabaseUrl
from cli.output import show_json
from identity.keys import KeyRingError

if TYPE_CHECKING:
    from identity.token import TokenKeys

token = typer.Typer(help="Click tokens, as merchants send them back.", no_args_is_help=True)

WHY: Final = {
    "malformed": "a click token has 45 characters: 26 of the click's id, a dot, and 18 more",
    "unknown_key": "this key ring has never had the key that it names: it may come from another installation",
    "destroyed_key": "it was made with a key that has been destroyed",
    "forged": "it was altered, or made elsewhere",
}


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
    database_url: MaybeDatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Check whether click tokens are genuine, and show their clicks. Exit code 1 if one is not.

    Standard input has one token on each line. With a database URL the click is looked up, and a click of a test link
    is marked as a test.
    """
    from identity.keyfile import read_ring
    from identity.token import TokenKeys

    with exit_on(KeyRingError, CommandError):
        keys = TokenKeys(read_ring(keys_file))
        texts = [click_token] if click_token not in (None, "-") else [line for line in sys.stdin if line.strip()]
        if not texts:
            raise CommandError("there is no token on standard input: give TOKEN, or one token on each line")
    verified = [verify_one(keys, text) for text in texts]
    if database_url:
        add_clicks(database_url, verified)
    if as_json:
        show_json(verified[0] if click_token not in (None, "-") else verified)
    else:
        for one in verified:
            print(describe(one))
    if not all(one["genuine"] for one in verified):
        raise typer.Exit(1)


def verify_one(keys: "TokenKeys", text: str) -> dict[str, Any]:
    """Verify a token, in upper or lower case, with any text around it."""
    from identity.token import verify_token
    from identity.ulid_time import ulid_time
    from identity.verification import VerificationError
    from urls.pasted import read_pasted

    given = read_pasted(text).token or text.strip()
    verified = verify_token(keys, given)
    if isinstance(verified, VerificationError):
        return {"token": given, "genuine": False, "reason": verified.reason}
    return {"token": given, "genuine": True, "click_id": verified, "clicked_at": ulid_time(verified)}


def add_clicks(database_url: str, verified: list[dict[str, Any]]) -> None:
    """Add the clicks of genuine tokens as they are in the table; null for a click that is not there."""
    from storage.read.queries import find_click

    async def work(connection: Any) -> None:
        for one in verified:
            if one["genuine"]:
                stored = await find_click(connection, one["click_id"])
                click = None if stored is None else stored.click
                names = ("is_test", "code", "affiliate_id", "program_id")
                one["click"] = None if click is None else {name: getattr(click, name) for name in names}

    # Whether a token is genuine is known without the database: `run` prints its error, and the command goes on.
    with suppress(typer.Exit):
        run(database_url, work)


def describe(one: dict[str, Any]) -> str:
    if not one["genuine"]:
        return f"not genuine: {one['reason']} ({WHY[one['reason']]})"
    text = f"genuine: click {one['click_id']} of {one['clicked_at']:%Y-%m-%d %H:%M:%S} UTC"
    if "click" not in one:
        return text
    click = one["click"]
    if click is None:
        return f"{text}, which is not in the table, or not yet"
    test = "; a test, which no total counts" if click["is_test"] else ""
    return f"{text}, by code {click['code']} of {click['affiliate_id']} for {click['program_id']}{test}"
