"""The limits of clients and codes together. The redirect checks the client before the lookup, the code after it."""

from ipaddress import IPv4Address, IPv6Address

import msgspec

from ingest.limits.client_key import client_key
from ingest.limits.gcra import Limit
from ingest.limits.limiter import WITHIN, Decision, Limiter
from ingest.limits.metrics import LimitMetrics
from ingest.limits.policy import ADMITTED, Admit, LimitKind, Outcome, Refuse, apply_policy, refuse
from referrals.model import LimitPolicy


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The limits; null means no limit. With a `redis_url` they are shared with other processes.

    `most_keys` bounds the number of remembered clients, and of remembered codes.
    """

    client: Limit | None = None
    code: Limit | None = None
    redis_url: str | None = None
    redis_prefix: str = "clickrail"
    most_keys: int = 200_000


class Limits:
    """Decides from memory. `now` is in nanoseconds of a monotonic clock (`time.perf_counter_ns`)."""

    def __init__(self, settings: LimitSettings, metrics: LimitMetrics) -> None:
        self._clients = make_limiter("client", settings.client, settings)
        self._codes = make_limiter("code", settings.code, settings)
        self._limiters = [limiter for limiter in (self._clients, self._codes) if limiter is not None]
        self.shared_meters = [shared for limiter in self._limiters for shared in limiter.shared_meters]
        self._metrics = metrics

    @property
    def keys(self) -> int:
        """How many clients and codes are remembered."""
        return sum(limiter.keys for limiter in self._limiters)

    @property
    def unreported(self) -> int:
        """How many clicks were never reported to other processes, because too many keys were pending."""
        return sum(shared.counts.unreported for shared in self.shared_meters)

    def check_client(self, address: IPv4Address | IPv6Address, now: int) -> Decision:
        """Count a click of a client, and decide on it."""
        if self._clients is None:
            return WITHIN
        key = client_key(address)
        return WITHIN if key is None else self._clients.decide(key, now)

    def admit(self, policy: LimitPolicy, client: Decision, code: str, now: int) -> Outcome:
        """Count a click of a code, and decide by its program's policy and the decision on its client.

        Clicks over the client's limit are not counted for the code, so that one client cannot use up a code's limit.
        """
        outcome = ADMITTED if client is WITHIN else apply_policy(policy, client, WITHIN)
        if self._codes is not None and isinstance(outcome, Admit):
            outcome = apply_policy(policy, client, self._codes.decide(code, now))
        if outcome is not ADMITTED:
            self._metrics.count(outcome)
        return outcome

    def peek(self, policy: LimitPolicy, client: Decision, code: str, now: int) -> Outcome:
        """Decide on a click of a code without counting it: for HEAD requests."""
        outcome = ADMITTED if client is WITHIN else apply_policy(policy, client, WITHIN)
        if self._codes is not None and isinstance(outcome, Admit):
            outcome = apply_policy(policy, client, self._codes.peek(code, now))
        return outcome

    def refuse_lookup(self, client: Decision) -> Refuse:
        """Refuse a request whose code is not cached and whose client is far over its limit.

        The program and its policy are unknown. Looking the code up would let one client use up the stores.
        """
        outcome = refuse("client", client.wait_ns)
        self._metrics.count(outcome)
        return outcome


def make_limiter(name: LimitKind, limit: Limit | None, settings: LimitSettings) -> Limiter | None:
    return Limiter(name, limit, settings.most_keys, shared=settings.redis_url is not None) if limit else None
