"""Limits wrong password guesses per client, without letting one client lock out another.

A guess is charged before it is checked and refunded if it was right, so concurrent guesses at several processes count.
Three rules; the last two let the owner in whatever others do:

Guesses are counted per client, over all accounts that it tries, and per account, over all clients that try it.

- A client (an IPv4 address, or the /64 of an IPv6 one) has 5 wrong guesses, then one more every 30 seconds. While more
  than 50 wrong guesses an hour at an account arrive from all clients, it has 1 there, then one more every 10 minutes.
- A client without recent wrong guesses may always try.
- A browser where the user has logged in before has its own allowance at any address; guesses of others do not count
  against it.

Codes of the second factor have allowances of their own, as they are guessed by somebody who knows the password.
"""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.auth.login_tables import FailureTable
from runtime.client_address import Address

SUBJECT_BYTES: Final = 16
SHOWN_DIGITS: Final = 12
ACCOUNTS: Final = 4096
"""Login names are counted in so many buckets, so that made-up names fill no table, and show in nothing."""
LONGEST_ATTACK: Final = timedelta(days=1)
"""An attack counts as over this long after its last guess, however many guesses there were."""
MOST_REFUSED: Final = 10_000


class Budget(msgspec.Struct, frozen=True):
    """`guesses` wrong guesses at once; each is forgiven `cost` after the one before it."""

    guesses: int
    cost: timedelta

    @property
    def allowance(self) -> timedelta:
        return (self.guesses - 1) * self.cost


CLIENT: Final = Budget(5, timedelta(seconds=30))
CLIENT_UNDER_ATTACK: Final = Budget(1, timedelta(minutes=10))
EVERYBODY: Final = Budget(50, timedelta(seconds=72))


CODES: Final = Budget(5, timedelta(minutes=10))
"""Three codes of a million are right at any time: so many guesses find one in some six years."""


class LoginClient(msgspec.Struct, frozen=True):
    """Who wants to log in, as keyed hashes: `name` is for logs, `subject` and `account` are to count guesses by."""

    name: str
    subject: bytes
    account: bytes
    is_known: bool


class LoginThrottle:
    """Counts guesses in a table that all processes share, under keyed hashes. Methods raise DependencyAway."""

    def __init__(self, table: FailureTable, key: bytes, clock: Callable[[], float]) -> None:
        self._table = table
        self._key = key
        self._clock = clock
        self._refused_until: dict[bytes, float] = {}

    def identify(self, address: Address, browser: bytes | None, login: str = "owner") -> LoginClient:
        """Identify a client by its device cookie's browser id, or by its address if it has none."""
        bucket = int.from_bytes(self._hash(f"login {login}")[:4], "big") % ACCOUNTS
        hashed = self._hash(f"client {network_of(address)}")
        subject = hashed if browser is None else self._hash(f"browser {browser.hex()}")
        account = self._hash(f"account {bucket}")
        return LoginClient(hashed.hex()[:SHOWN_DIGITS], subject, account, browser is not None)

    def cached_wait_s(self, client: LoginClient) -> float:
        """Return the seconds this client still has to wait, as far as this process remembers. Asks no table."""
        return max(0.0, self._refused_until.get(client.subject, 0.0) - self._clock())

    async def admit(self, client: LoginClient, now: datetime) -> float:
        """Charge a guess and return 0; or charge nothing and return the seconds to wait."""
        budget = await self._find_budget(client, now)
        if not await self._table.charge(client.subject, now, budget.cost, budget.allowance):
            forgiven_at = await self._table.forgiven_at(client.subject)
            return self._refuse(client, forgiven_at - budget.allowance - now if forgiven_at else timedelta(0))
        if not client.is_known:
            await self._table.charge(client.account, now, EVERYBODY.cost, LONGEST_ATTACK)
        return 0.0

    async def forgive(self, client: LoginClient, now: datetime) -> None:
        """Refund the guess of a client that knew the password. Of a known browser, clear its wrong guesses as well.

        An address keeps those: it guesses at others' passwords, and one's own would clear them.
        """
        if client.is_known:
            await self._table.forgive(client.subject)
            self._refused_until.pop(client.subject, None)
        else:
            await self._table.refund(client.subject, (await self._find_budget(client, now)).cost)
            await self._table.refund(client.account, EVERYBODY.cost)

    async def admit_code(self, client: LoginClient, user_id: str, now: datetime) -> float:
        """Charge a guess at a code of the second factor and return 0; or return the seconds to wait.

        All clients together have CODES, and a browser where the user has logged in before has its own.
        """
        subject = self._code_subject(client, user_id)
        if await self._table.charge(subject, now, CODES.cost, CODES.allowance):
            return 0.0
        forgiven_at = await self._table.forgiven_at(subject)
        return max(1.0, (forgiven_at - CODES.allowance - now).total_seconds()) if forgiven_at else 1.0

    async def forgive_code(self, client: LoginClient, user_id: str) -> None:
        await self._table.forgive(self._code_subject(client, user_id))

    async def use_once(self, text: str, lasts: timedelta, now: datetime) -> bool:
        """Note that something was used, for all processes. False: it was before, not longer ago than it lasts."""
        return await self._table.charge(self._hash(f"once {text}"), now, lasts, timedelta(0))

    def _code_subject(self, client: LoginClient, user_id: str) -> bytes:
        return self._hash(f"code {user_id} {client.subject.hex() if client.is_known else ''}")

    async def _find_budget(self, client: LoginClient, now: datetime) -> Budget:
        return CLIENT_UNDER_ATTACK if not client.is_known and await self._is_attacked(client, now) else CLIENT

    async def _is_attacked(self, client: LoginClient, now: datetime) -> bool:
        forgiven_at = await self._table.forgiven_at(client.account)
        return forgiven_at is not None and forgiven_at > now + EVERYBODY.allowance

    def _refuse(self, client: LoginClient, wait: timedelta) -> float:
        # At least a second: a guess may have been forgiven since the table refused, which would give a wait of 0.
        wait_s = max(1.0, wait.total_seconds())
        if len(self._refused_until) >= MOST_REFUSED:
            self._refused_until.clear()
        self._refused_until[client.subject] = self._clock() + wait_s
        return wait_s

    def _hash(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode(), "sha256")[:SUBJECT_BYTES]


def network_of(address: Address) -> str:
    """Return an IPv4 address, or the /64 of an IPv6 address: each user has a whole /64."""
    return str(address) if address.version == 4 else address.exploded[:19]  # noqa: PLR2004 - the version's own number
