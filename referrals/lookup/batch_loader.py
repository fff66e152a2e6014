"""Batches reads (single flight): concurrent requests become one read that has each key once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

import msgspec

from referrals.lookup.token_bucket import TokenBucket

A = TypeVar("A")


class BatchPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a BatchLoader: `max_keys` in a read, `max_queued` keys in the queue (the rest get the fallback).

    There is one read each `pause_s` seconds on average, and `burst` in a row after a rest, so that a single request
    does not wait.
    """

    max_keys: int
    pause_s: float
    burst: int = 1
    max_queued: int = 10_000


class BatchLoader(Generic[A]):
    """The first read starts at once; keys that arrive while it runs go into the next one.

    `read` returns the answers it has; keys without one get `fallback`. It must have its own time-out and raise only for
    bugs. `run` raises those, after it has given `fallback` to all who wait.
    """

    def __init__(
        self, read: Callable[[Sequence[str]], Awaitable[Mapping[str, A]]], fallback: A, policy: BatchPolicy
    ) -> None:
        self.read = read
        self.fallback = fallback
        self.policy = policy
        self.queued: dict[str, asyncio.Future[A]] = {}
        self.in_flight: dict[str, asyncio.Future[A]] = {}
        self.has_queued = asyncio.Event()

    async def load(self, key: str) -> A:
        future = self.enqueue(key)
        # Shielded: other visitors wait for the same future, and one who leaves must not cancel it.
        return self.fallback if future is None else await asyncio.shield(future)

    def enqueue(self, key: str) -> asyncio.Future[A] | None:
        """Queue a key and return its future; null when the queue is full."""
        future = self.in_flight.get(key) or self.queued.get(key)
        if future is None and len(self.queued) < self.policy.max_queued:
            future = self.queued[key] = asyncio.get_running_loop().create_future()
            self.has_queued.set()
        return future

    async def run(self) -> None:
        """Read queued keys, until cancelled."""
        bucket = TokenBucket(asyncio.get_running_loop().time, self.policy.pause_s, self.policy.burst)
        try:
            while True:
                await self.has_queued.wait()
                await asyncio.sleep(bucket.wait_s())
                bucket.take()
                await self.read_next()
        finally:
            resolve_all(self.in_flight, {}, self.fallback)
            resolve_all(self.queued, {}, self.fallback)

    async def read_next(self) -> None:
        keys = list(islice(self.queued, self.policy.max_keys))
        self.in_flight = {key: self.queued.pop(key) for key in keys}
        if not self.queued:
            self.has_queued.clear()
        resolve_all(self.in_flight, await self.read(keys), self.fallback)
        self.in_flight = {}


def resolve_all(futures: Mapping[str, asyncio.Future[A]], answers: Mapping[str, A], fallback: A) -> None:
    for key, future in futures.items():
        if not future.done():
            future.set_result(answers.get(key, fallback))
