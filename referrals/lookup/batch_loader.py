"""Joins reads: what many ask for at the same time becomes one read, and each key is in it once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

import msgspec

from referrals.lookup.token_bucket import TokenBucket

A = TypeVar("A")


class BatchPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Keys in one read, and keys that may wait: further ones get the fallback at once.

    There is one read each `pause_s` seconds on average, and `burst` of them in a row after a rest: whoever asks alone
    waits for nobody.
    """

    most: int
    pause_s: float
    burst: int = 1
    most_waiting: int = 10_000


class BatchLoader(Generic[A]):
    """A single flight of keys: the first read starts at once, what arrives meanwhile goes into the next one.

    `read` gives the answers it has; a key without one gets `fallback`. It must bound its own time and raise nothing
    but bugs: `run` passes those on, after giving `fallback` to everybody who waits.
    """

    def __init__(
        self, read: Callable[[Sequence[str]], Awaitable[Mapping[str, A]]], fallback: A, pace: BatchPolicy
    ) -> None:
        self.read = read
        self.fallback = fallback
        self.pace = pace
        self.waiting: dict[str, asyncio.Future[A]] = {}
        self.reading: dict[str, asyncio.Future[A]] = {}
        self.wanted = asyncio.Event()

    async def load(self, key: str) -> A:
        future = self.want(key)
        # Shielded: a visitor who leaves must not take the answer away from the others.
        return self.fallback if future is None else await asyncio.shield(future)

    def want(self, key: str) -> asyncio.Future[A] | None:
        """Have a key read without waiting for it; null when too many wait already."""
        future = self.reading.get(key) or self.waiting.get(key)
        if future is None and len(self.waiting) < self.pace.most_waiting:
            future = self.waiting[key] = asyncio.get_running_loop().create_future()
            self.wanted.set()
        return future

    async def run(self) -> None:
        """Read what is wanted, until cancelled."""
        allowance = TokenBucket(asyncio.get_running_loop().time, self.pace.pause_s, self.pace.burst)
        try:
            while True:
                await self.wanted.wait()
                await asyncio.sleep(allowance.wait_s())
                allowance.take()
                await self.read_next()
        finally:
            answer_all(self.reading, {}, self.fallback)
            answer_all(self.waiting, {}, self.fallback)

    async def read_next(self) -> None:
        keys = list(islice(self.waiting, self.pace.most))
        self.reading = {key: self.waiting.pop(key) for key in keys}
        if not self.waiting:
            self.wanted.clear()
        answer_all(self.reading, await self.read(keys), self.fallback)
        self.reading = {}


def answer_all(futures: Mapping[str, asyncio.Future[A]], answers: Mapping[str, A], fallback: A) -> None:
    for key, future in futures.items():
        if not future.done():
            future.set_result(answers.get(key, fallback))
