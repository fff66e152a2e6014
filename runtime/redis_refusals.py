"""Logs errors of Redis that no retry can fix: an operator has to change a setting."""

import ssl
from collections.abc import Callable
from time import monotonic
from typing import Final

import structlog
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

LOG: Final = structlog.get_logger()

REPEAT_S: Final = 60.0
SETTING: Final = "CLICKRAIL_REDIS_URL"


def explain_refusal(error: BaseException) -> str | None:
    """Say what is wrong with CLICKRAIL_REDIS_URL, without quoting it; null when Redis is only away or full."""
    match error:
        case AuthenticationError():
            return "Redis does not accept the user or password of this URL"
        case NoPermissionError():
            return (
                "the user of this URL needs GET, MGET, SET, EVAL, EVALSHA, STRLEN, APPEND, EXPIRE, HGETALL and HINCRBY"
                " on all keys that begin with CLICKRAIL_REDIS_PREFIX, and INFO"
            )
        case ResponseError() if "DB index is out of range" in str(error):
            return "Redis has no database with the number in this URL"
    # The client wraps the error of the TLS handshake.
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLError):
        return f"the TLS handshake with Redis fails: {getattr(cause, 'verify_message', None) or cause.reason}"
    return None


class RefusalLog:
    """Logs each problem at once, and again each minute while it lasts."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._logged_at: dict[str, float] = {}

    def note(self, error: BaseException) -> None:
        """Log an error that no retry can fix, unless it was logged within the last minute."""
        problem = explain_refusal(error)
        if problem is not None and self._now() >= self._logged_at.get(problem, 0.0) + REPEAT_S:
            self._logged_at[problem] = self._now()
            LOG.error("redis refuses us", setting=SETTING, problem=problem)


REFUSALS: Final = RefusalLog()
"""One for the process: every client of Redis meets the same problem, and it is to be logged once."""
