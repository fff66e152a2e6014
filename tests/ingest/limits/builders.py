"""Limits for tests, clicks as times, and an office of 200 people behind one address."""

import random
from collections.abc import Iterable, Iterator
from functools import cache
from ipaddress import IPv4Address
from itertools import accumulate
from typing import Any

from hypothesis import strategies as st

from identity.ip import IpHashKeys
from ingest.limits.defaults import CLIENT_BURST, CLIENT_RATE_PER_S
from ingest.limits.gcra import SECOND_NS, Limit, make_limit
from ingest.limits.limiter import Limiter
from ingest.limits.limits import Limits, LimitSettings
from ingest.limits.metrics import LimitMetrics
from tests.examples import examples
from tests.identity.builders import known_ring

MODEST = examples(200)

OFFICE = IPv4Address("198.51.100.7")
MOST = 10_000

times = st.lists(st.integers(0, 40), min_size=1, max_size=60).map(lambda gaps: list(accumulate(gaps)))
"""Times of clicks, in order; several may fall together."""
small_limits = st.builds(
    lambda interval, burst: Limit(interval, interval * burst), st.integers(1, 30), st.integers(1, 12)
)


def limit(rate_per_s: float = CLIENT_RATE_PER_S, burst: int = CLIENT_BURST) -> Limit:
    made = make_limit(rate_per_s, burst)
    assert made
    return made


def limiter(of: Limit | None = None, *, shared: bool = False) -> Limiter:
    return Limiter("client", of or limit(), MOST, shared=shared)


def limits(metrics: LimitMetrics | None = None, **settings: Any) -> Limits:
    return Limits(LimitSettings(**{"client": limit()} | settings), metrics or LimitMetrics())


@cache
def hash_keys() -> IpHashKeys:
    return IpHashKeys(known_ring())


def evenly(per_second: float, seconds: float, start_s: float = 1.0) -> Iterator[int]:
    """Give the times (ns) of clicks that come evenly."""
    for n in range(round(per_second * seconds)):
        yield round((start_s + n / per_second) * SECOND_NS)


def office_day(people: int = 200, seed: int = 7) -> list[int]:
    """Give the times (ns) of a working day's clicks of an office.

    Each person follows 20 links in bursts of up to four, seconds apart, between nine and five. At ten a newsletter
    arrives: everybody opens it within two minutes, most within seconds, and follows two of its links. At noon all of
    them follow the same link in the same second, twice, because nothing seems to happen.
    """
    dice = random.Random(seed)
    seconds: list[float] = []
    for _ in range(people):
        for _ in range(8):
            start = dice.uniform(9 * 3600, 17 * 3600)
            seconds += (start + n * dice.uniform(3, 20) for n in range(dice.randint(1, 4)))
        opened = 10 * 3600 + min(dice.expovariate(1 / 15), 120)
        seconds += (opened, opened + dice.uniform(1, 10))
        seconds += (12 * 3600, 12 * 3600)
    return sorted(round(second * SECOND_NS) for second in seconds)


def verdicts(limiter: Limiter, clicks: Iterable[int], key: int = 1) -> list[str]:
    return [limiter.decide(key, now).verdict for now in clicks]
