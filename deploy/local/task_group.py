"""Runs coroutines concurrently."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def run_concurrently(*work: Coroutine[Any, Any, T]) -> list[T]:
    """Run coroutines concurrently. The first failure cancels the others, and is raised itself after they have ended."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
