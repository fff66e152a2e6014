"""How often the password may be guessed: few times from one place, whoever else guesses from elsewhere.

A guess is charged before it is looked at, and given back when it was right, so that guesses made at the same time, at
several processes, count as well. Three rules, of which the last two let the owner in whatever others do:

- A client (an IPv4 address, or the /64 of an IPv6 one) has 5 wrong guesses, then one more every 30 seconds. While more
  than 50 an hour come for the account, from anywhere, it has 1, and one more every 10 minutes.
- A client that has guessed wrong neither now nor lately is always let try.
- A browser that has logged in before has guesses of its own, wherever it is, and those of others are not counted.
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
ACCOUNT: Final = "account owner"
LONGEST_ATTACK: Final = timedelta(days=1)
"""However many guesses there were: so long after the last one it is over."""
MOST_REFUSED: Final = 10_000


class Budget(msgspec.Struct, frozen=True):
    """So many wrong guesses at once; each is forgiven `cost` after the one before it."""

    guesses: int
    cost: timedelta

    @property
    def allowance(self) -> timedelta:
        return (self.guesses - 1) * self.cost


CLIENT: Final = Budget(5, timedelta(seconds=30))
CLIENT_UNDER_ATTACK: Final = Budget(1, timedelta(minutes=10))
EVERYBODY: Final = Budget(50, timedelta(seconds=72))


class LoginClient(msgspec.Struct, frozen=True):
    """Who wants to log in, as keyed hashes: `name` is what logs show, `subject` what guesses are counted by."""

    name: str
    subject: bytes
    is_known: bool


class LoginThrottle:
    """Counts guesses in a table, for all processes together. `key` hides whose they are. All raise DependencyAway."""

    def __init__(self, table: FailureTable, key: bytes, clock: Callable[[], float]) -> None:
        self._table = table
        self._key = key
        self._clock = clock
        self._account = self._hash(ACCOUNT)
        self._refused_until: dict[bytes, float] = {}

    def identify(self, address: Address, browser: bytes | None) -> LoginClient:
        """Make a guest of a client's address and of the id of a browser that has logged in before, if it has."""
        hashed = self._hash(f"client {network_of(address)}")
        subject = hashed if browser is None else self._hash(f"browser {browser.hex()}")
        return LoginClient(hashed.hex()[:SHOWN_DIGITS], subject, browser is not None)

    def cached_wait_s(self, client: LoginClient) -> float:
        """Give the seconds a guest still has to wait who was told so by this process; it asks nobody."""
        return max(0.0, self._refused_until.get(client.subject, 0.0) - self._clock())

    async def admit(self, client: LoginClient, now: datetime) -> float:
        """Charge a guess and give 0; or charge nothing, and give the seconds to wait before the next one."""
        budget = CLIENT_UNDER_ATTACK if not client.is_known and await self._is_attacked(now) else CLIENT
        if not await self._table.charge(client.subject, now, budget.cost, budget.allowance):
            forgiven_at = await self._table.forgiven_at(client.subject)
            return self._refuse(client, forgiven_at - budget.allowance - now if forgiven_at else timedelta(0))
        if not client.is_known:
            await self._table.charge(self._account, now, EVERYBODY.cost, LONGEST_ATTACK)
        return 0.0

    async def forgive(self, client: LoginClient) -> None:
        """Give back what was charged to a guest who knew the password, and forget what they guessed before."""
        await self._table.forgive(client.subject)
        self._refused_until.pop(client.subject, None)
        if not client.is_known:
            await self._table.refund(self._account, EVERYBODY.cost)

    async def _is_attacked(self, now: datetime) -> bool:
        forgiven_at = await self._table.forgiven_at(self._account)
        return forgiven_at is not None and forgiven_at > now + EVERYBODY.allowance

    def _refuse(self, client: LoginClient, wait: timedelta) -> float:
        # At least a second: another guest's guess may have been forgiven since, and nobody is told to wait for nothing.
        wait_s = max(1.0, wait.total_seconds())
        if len(self._refused_until) >= MOST_REFUSED:
            self._refused_until.clear()
        self._refused_until[client.subject] = self._clock() + wait_s
        return wait_s

    def _hash(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode(), "sha256")[:SUBJECT_BYTES]


def network_of(address: Address) -> str:
    """Give the address, of an IPv6 one its /64: anybody has a whole one."""
    return str(address) if address.version == 4 else address.exploded[:19]  # noqa: PLR2004 - the version's own number
