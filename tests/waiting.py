"""Waiting for what a test is not told of."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

T = TypeVar("T")

PATIENCE_S: Final = 180.0
"""On the busiest machine what is right comes to pass sooner."""
PAUSE_S: Final = 0.02


async def eventually(ask: Callable[[], T | Awaitable[T]], seconds: float = PATIENCE_S) -> T:
    """Ask again until the answer is not false; give it. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not (answer := await answer_of(ask())):
            await asyncio.sleep(PAUSE_S)
    return answer


async def answer_of(answer: T | Awaitable[T]) -> T:
    return await answer if inspect.isawaitable(answer) else answer
