"""Work on the database for one subcommand: what goes wrong is one clear line, exit code 2."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from cli.failing import failing_clearly

if TYPE_CHECKING:
    import asyncpg

    from referrals.model import Referral
    from referrals.refusal import Refused

T = TypeVar("T")


class Failure(Exception):  # noqa: N818 - it reads as what it is
    """What is said on standard error."""


def run(database_url: str, work: "Callable[[asyncpg.Connection], Awaitable[T]]") -> T:
    """Do some work on a connection of its own."""
    import asyncio

    import asyncpg

    from referrals.postgres import AWAY, connected, describe

    async def work_connected() -> T:
        async with connected(database_url) as connection:
            return await work(connection)

    with failing_clearly(Failure):
        try:
            return asyncio.run(work_connected())
        except asyncpg.UndefinedTableError:
            raise Failure("the database has no tables of Clickrail yet: run `clickrail migrate`") from None
        except ValueError:
            # Not repeated: the URL may hold a password.
            raise Failure("the database URL is not of the form postgresql://user:password@host:port/name") from None
        except AWAY as error:
            raise Failure(f"PostgreSQL does not answer: {describe(error)}") from None


def accept(done: "Referral | Refused") -> "Referral":
    """Give what was stored or found; where it was refused, say why."""
    from referrals.refusal import Refused

    with failing_clearly(Failure):
        if isinstance(done, Refused):
            raise Failure(done.reason)
    return done
