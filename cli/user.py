"""`clickrail user add|list|reset|disable`: the console's users, for the locked out and for scripts."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from cli.database import CommandError, run
from cli.errors import exit_on
from cli.options import AsJson, DatabaseUrl, NoHeader
from cli.output import note, show_json, show_table

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg

    from console.auth.account_tables import Accounts, Change
    from console.auth.refusals import Refusal
    from console.auth.users import Account

    Rule = Callable[[Accounts, str, datetime], Change | Refusal]

user = typer.Typer(help="Users of the console.", no_args_is_help=True)

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="the login name")]
ConsoleUrl = Annotated[
    str,
    typer.Option("--console-url", envvar="CLICKRAIL_CONSOLE_URL", help="where browsers reach the console"),
]
LOCAL = "http://127.0.0.1:8081"


@user.command()
def add(
    login: Login,
    database_url: DatabaseUrl,
    name: Annotated[str | None, typer.Option("--name", show_default=False, help="what others see")] = None,
    role: Annotated[str, typer.Option("--role", help="owner, admin, editor, viewer or affiliate")] = "viewer",
    affiliate: Annotated[
        str, typer.Option("--affiliate", show_default=False, help="id of the affiliate, for that role")
    ] = "",
    console_url: ConsoleUrl = LOCAL,
) -> None:
    """Add a user, and print a link with which they set their password: valid for 48 hours, once."""
    import secrets
    from datetime import UTC, datetime

    from console.auth.keys import digest_of
    from console.auth.sessions import TOKEN_BYTES
    from console.people.rules import BY_CLI, NewUser, Place, invite
    from identity.ulid import make_ulid

    now, token = datetime.now(UTC), secrets.token_bytes(TOKEN_BYTES)
    user_id = make_ulid(int(now.timestamp() * 1000), secrets.token_bytes(16)).lower()
    new = NewUser(login, name or login, Place(role, affiliate), user_id, digest_of(token))
    added = change(database_url, lambda accounts: invite(accounts, BY_CLI, new, now))
    show_link(console_url, token, f"User {added.login} is added as {added.role}.")


@user.command("list")
def list_users(database_url: DatabaseUrl, as_json: AsJson = False, no_header: NoHeader = False) -> None:
    """List the users, the oldest first."""
    from console.auth.account_tables import list_accounts

    lines = [describe(account) for account in run(database_url, list_accounts)]
    if as_json:
        show_json(lines)
        return
    columns = ("login", "name", "role", "affiliate", "state", "second_factor", "last_login_at")
    rows = [["" if line[column] is None else str(line[column]) for column in columns] for line in lines]
    show_table(columns, rows, header=not no_header)


@user.command()
def reset(login: Login, database_url: DatabaseUrl, console_url: ConsoleUrl = LOCAL) -> None:
    """Print a link to set another password. Ends the user's sessions; with the new password no code is asked for."""
    import secrets

    from console.auth.keys import digest_of
    from console.auth.sessions import TOKEN_BYTES
    from console.people import rules

    token = secrets.token_bytes(TOKEN_BYTES)
    done = change_named(
        database_url,
        login,
        lambda accounts, user_id, now: rules.reset(accounts, rules.BY_CLI, user_id, digest_of(token), now),
    )
    show_link(console_url, token, f"User {done.login} is reset: sessions are ended; the new password needs no code.")


@user.command()
def disable(login: Login, database_url: DatabaseUrl) -> None:
    """Let a user log in no more, and end all sessions at once."""
    from console.people import rules

    done = change_named(
        database_url, login, lambda accounts, user_id, now: rules.disable(accounts, rules.BY_CLI, user_id, now)
    )
    note(f"User {done.login} is disabled, and all sessions are ended.")


def change(database_url: str, decide: "Callable[[Accounts], Change | Refusal]") -> "Account":
    """Change users as decided, with an entry in the audit log; exit with the reason if it is refused."""
    from console.auth.account_tables import change_account
    from console.auth.refusals import Refusal

    async def work(connection: "asyncpg.Connection") -> "Account | Refusal":
        return await change_account(connection, decide)

    done = run(database_url, work)
    with exit_on(CommandError):
        if isinstance(done, Refusal):
            raise CommandError(done.reason.rstrip(".")[:1].lower() + done.reason.rstrip(".")[1:])
    return done


def change_named(database_url: str, login: str, rule: "Rule") -> "Account":
    from datetime import UTC, datetime

    from console.auth.refusals import Refusal

    def decide(accounts: "Accounts") -> "Change | Refusal":
        found = next((one for one in accounts.values() if one.login == login.strip().lower()), None)
        if found is None:
            return Refusal(f"There is no user {login!r}: `clickrail user list` shows them.")
        return rule(accounts, found.id, datetime.now(UTC))

    return change(database_url, decide)


def show_link(console_url: str, token: bytes, said: str) -> None:
    from console.auth.sessions import write_token

    note(f"{said} The link is valid for 48 hours, once:")
    print(f"{console_url.rstrip('/')}/invitation/{write_token(token)}")


def describe(account: "Account") -> dict[str, str | bool | None]:
    state = "disabled" if account.disabled_at else "invited" if account.is_invited else "active"
    last = account.last_login_at
    return {
        "login": account.login,
        "name": account.name,
        "role": account.role,
        "affiliate": account.affiliate_id,
        "state": state,
        "second_factor": account.totp_sealed is not None,
        "last_login_at": last.isoformat() if last else None,
    }
