"""`clickrail analyst`: logins for people who query the database, who can read the analysts' views and nothing else."""

import secrets
from typing import TYPE_CHECKING, Annotated

import typer

from cli.database import CommandError, run
from cli.errors import exit_on
from cli.options import DatabaseUrl
from cli.output import note

if TYPE_CHECKING:
    import asyncpg

analyst = typer.Typer(help="Logins for people who query the database: they read views only.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="name of the login in PostgreSQL: a-z, 0-9 and _")]
Timeout = Annotated[int, typer.Option("--statement-timeout", min=1, help="longest statement, in seconds")]


@analyst.command()
def add(name: Name, database_url: DatabaseUrl, statement_timeout: Timeout = 60) -> None:
    """Create a login, and print its password, once. Needs an account that may create roles (CREATEROLE)."""
    from storage.analysts.role import LOGIN_NAME, ROLE, add_login, make_verifier

    password = secrets.token_urlsafe(24)

    async def work(connection: "asyncpg.Connection") -> None:
        import asyncpg

        try:
            await add_login(connection, name, make_verifier(password, secrets.token_bytes(16)), statement_timeout)
        except asyncpg.DuplicateObjectError:
            raise CommandError(f"there is a role {name} already: choose another name") from None
        except asyncpg.UndefinedObjectError:
            raise CommandError(f"there is no role {ROLE} yet: run `clickrail migrate`") from None
        except asyncpg.InsufficientPrivilegeError:
            raise CommandError(
                "this account may not create roles: use one that may (CREATEROLE, and ADMIN OPTION on"
                f" {ROLE}), or let an administrator run the statements in docs/storage.md"
            ) from None

    with exit_on(CommandError):
        if LOGIN_NAME.fullmatch(name) is None or name == ROLE or name.startswith("pg_"):
            raise CommandError(f"{name!r} is no name for a login: use a-z, 0-9 and _, and begin with a letter")
    run(database_url, work)
    note(f"Login {name} reads the views analytics_*. Its password, which is shown only now:")
    print(password)


@analyst.command()
def remove(name: Name, database_url: DatabaseUrl) -> None:
    """Remove the login of an analyst. Sessions that are open go on until they end."""
    from storage.analysts.role import remove_login

    if run(database_url, lambda connection: remove_login(connection, name)):
        note(f"Login {name} is removed.")
        return
    with exit_on(CommandError):
        raise CommandError(f"there is no analyst {name}")
