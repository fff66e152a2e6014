"""Runs an async test on asyncio's event loop and on uvloop, on which the services run and whose transports differ."""

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def on_both_loops(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make two sync tests of an async one that uses no async fixture. Each gets a loop of its own.

    pytest-asyncio's hook for loops would change the session's loop, and so stop and start all servers of the session.
    """

    @functools.wraps(test)
    def run(*arguments: Any, loop: str, **named: Any) -> None:
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(test(*arguments, **named))

    signature = inspect.signature(test)
    of_loop = inspect.Parameter("loop", inspect.Parameter.KEYWORD_ONLY, annotation=str)
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), of_loop])  # type: ignore[attr-defined]
    return pytest.mark.parametrize("loop", LOOPS)(run)
