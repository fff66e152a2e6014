"""Runs the database work of a subcommand. An error is one line, and exit code 2."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from cli.errors import exit_on

if TYPE_CHECKING:
    import asyncpg

    from referrals.admin.validation import ValidationProblem
    from referrals.model import Referral

T = TypeVar("T")


class CommandError(Exception):
    """The command failed; the message is printed on standard error."""


def run(database_url: str, work: "Callable[[asyncpg.Connection], Awaitable[T]]", *, statement_s: float = 60.0) -> T:
    """Open a connection, run the work with it, and close it. Statements end after `statement_s`."""
    import asyncio

    from referrals.connections import connected
    from runtime.errors import DependencyAway, SettingsError, Stuck
    from runtime.postgres_errors import ERRORS
    from runtime.postgres_tls import check_tls_files

    async def work_connected() -> T:
        async with connected(database_url, command_timeout_s=statement_s) as connection:
            return await work(connection)

    with exit_on(CommandError, SettingsError):
        check_url(database_url)
        check_tls_files(database_url)
        try:
            return asyncio.run(work_connected())
        except DependencyAway as error:
            raise CommandError(f"{error}. Is it running? CLICKRAIL_DATABASE_URL says where to look for it") from None
        except Stuck as error:
            raise CommandError(str(error)) from None
        except ERRORS as error:
            raise CommandError(explain(error)) from None


def check_url(database_url: str) -> None:
    from runtime.server_urls import find_postgres_problem
    from runtime.shared_settings import POSTGRES_URL

    if problem := find_postgres_problem(database_url):
        raise CommandError(f"CLICKRAIL_DATABASE_URL: {problem}; a URL is needed like {POSTGRES_URL}")


def explain(error: Exception) -> str:
    """Explain an error of PostgreSQL: a value that it refused, or PostgreSQL itself."""
    import asyncpg

    from runtime.postgres import describe_failure
    from runtime.postgres_errors import classify_error, explain_error

    if isinstance(error, asyncpg.UndefinedTableError):
        return "the database has no Clickrail tables yet: run `clickrail migrate`"
    if classify_error(error) == "value":
        return f"PostgreSQL refuses a value that was given: {explain_error(error)}"
    return str(describe_failure(error))


def unwrap(done: "Referral | ValidationProblem") -> "Referral":
    """Return what was stored or found; exit with the reason if it was refused."""
    from referrals.admin.validation import ValidationProblem

    with exit_on(CommandError):
        if isinstance(done, ValidationProblem):
            raise CommandError(done.reason)
    return done
