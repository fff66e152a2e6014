"""What Redis refuses for good, said in the log: trying again does not help, somebody has to change a setting."""

import ssl
from collections.abc import Callable
from time import monotonic
from typing import Final

import structlog
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

LOG: Final = structlog.get_logger()

EACH_S: Final = 60.0
SETTING: Final = "CLICKRAIL_REDIS_URL"


def explain_refusal(error: BaseException) -> str | None:
    """Say what is wrong with our setting, or null where Redis is only away, or full. Shows nothing of the URL."""
    match error:
        case AuthenticationError():
            return "Redis does not accept the user or the password"
        case NoPermissionError():
            return (
                "Redis does not permit its user GET, MGET, SET, EVAL and EVALSHA on the keys of CLICKRAIL_REDIS_PREFIX"
            )
        case ResponseError() if "DB index is out of range" in str(error):
            return "Redis has no database of its number"
    # The client raises an error of its own where one of TLS was caught.
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLError):
        return f"TLS with Redis fails: {getattr(cause, 'verify_message', None) or cause.reason}"
    return None


class RefusalLog:
    """Says each refusal at once, and again after a minute if it goes on."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._said: dict[str, float] = {}

    def note(self, error: BaseException) -> None:
        """Look whether an error is a refusal for good, and say so unless that was said within a minute."""
        problem = explain_refusal(error)
        if problem is not None and self._now() >= self._said.get(problem, 0.0) + EACH_S:
            self._said[problem] = self._now()
            LOG.error("redis refuses us", setting=SETTING, problem=problem)


REFUSALS: Final = RefusalLog()
"""One for a process: whoever talks to Redis meets the same refusal."""
