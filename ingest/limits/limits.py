"""Both limits together: what the redirect asks, in its order: the client before the lookup, the code after it."""

from ipaddress import IPv4Address, IPv6Address

import msgspec

from ingest.limits.client_key import client_key
from ingest.limits.gcra import Limit
from ingest.limits.limiter import WITHIN, Decision, Limiter
from ingest.limits.metrics import LimitMetrics
from ingest.limits.policy import ADMITTED, Admit, By, Outcome, Refuse, apply_policy, refuse
from referrals.model import LimitPolicy


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The limits; null is no limit. They are shared with other processes where there is a `redis_url`.

    `most_keys` bounds what is remembered, for clients and codes each.
    """

    client: Limit | None = None
    code: Limit | None = None
    redis_url: str | None = None
    redis_prefix: str = "clickrail"
    most_keys: int = 200_000


class Limits:
    """Decides from memory. `now` is in nanoseconds of a clock that only grows (`time.perf_counter_ns`)."""

    def __init__(self, settings: LimitSettings, metrics: LimitMetrics) -> None:
        self._clients = make_limiter("client", settings.client, settings)
        self._codes = make_limiter("code", settings.code, settings)
        self._limiters = [limiter for limiter in (self._clients, self._codes) if limiter is not None]
        self.accounts = [account for limiter in self._limiters for account in limiter.accounts]
        self._metrics = metrics

    @property
    def keys(self) -> int:
        """How many clients and codes are remembered."""
        return sum(limiter.keys for limiter in self._limiters)

    @property
    def unreported(self) -> int:
        """How many clicks other processes never heard of, because too many keys had to be told."""
        return sum(account.ledger.untold for account in self.accounts)

    def ask_client(self, address: IPv4Address | IPv6Address, now: int) -> Decision:
        """Count a click of a client, and tell where it stands."""
        if self._clients is None:
            return WITHIN
        key = client_key(address)
        return WITHIN if key is None else self._clients.decide(key, now)

    def admit(self, policy: LimitPolicy, client: Decision, code: str, now: int) -> Outcome:
        """Count a click of a code, and tell what becomes of it by its program's policy, the client being asked before.

        Clicks that the client's limit keeps out are not counted for the code: one client cannot use a code up.
        """
        outcome = ADMITTED if client is WITHIN else apply_policy(policy, client, WITHIN)
        if self._codes is not None and isinstance(outcome, Admit):
            outcome = apply_policy(policy, client, self._codes.decide(code, now))
        if outcome is not ADMITTED:
            self._metrics.count(outcome)
        return outcome

    def look(self, policy: LimitPolicy, client: Decision, code: str, now: int) -> Outcome:
        """Tell what would become of a click of a code, and count none: for whoever only asks where a link leads."""
        outcome = ADMITTED if client is WITHIN else apply_policy(policy, client, WITHIN)
        if self._codes is not None and isinstance(outcome, Admit):
            outcome = apply_policy(policy, client, self._codes.look(code, now))
        return outcome

    def refuse_lookup(self, client: Decision) -> Refuse:
        """Refuse a click whose code is not in memory, of a client far over its limit: the stores are not asked for it.

        What it would have been by its program's policy, nobody knows. One client cannot use up what all others may ask.
        """
        outcome = refuse("client", client.wait_ns)
        self._metrics.count(outcome)
        return outcome


def make_limiter(name: By, limit: Limit | None, settings: LimitSettings) -> Limiter | None:
    return Limiter(name, limit, settings.most_keys, shared=settings.redis_url is not None) if limit else None
