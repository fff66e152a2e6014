"""Logs errors of Redis that no retry can fix: an operator has to change a setting."""

import ssl
from collections.abc import Callable
from time import monotonic
from typing import Final

import structlog
from redis.exceptions import (
    AuthenticationError,
    ClusterCrossSlotError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    NoPermissionError,
    ReadOnlyError,
    ResponseError,
)

LOG: Final = structlog.get_logger()

REPEAT_S: Final = 60.0
SETTING: Final = "CLICKRAIL_REDIS_URL"
CLUSTER: Final = (
    "this Redis is a node of a Redis Cluster, which Clickrail does not use: a request of ours has many keys. Give it"
    " one Redis or Valkey; it needs less than a cluster is made for (docs/operating.md, Redis)"
)
SENTINEL: Final = (
    "this server does not know our commands: if it is a Sentinel, give the address of a proxy, or a name, that leads to"
    " the master (docs/operating.md, Redis)"
)
REPLICA: Final = "this Redis is a replica and takes no writes: the URL must lead to the master"


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
    return explain_mode(error) or explain_tls(error)


def explain_mode(error: BaseException) -> str | None:
    """Say that the server is none that takes our requests: a node of a cluster, a Sentinel, a replica."""
    if isinstance(error.__cause__, ResponseError) and is_from_replica(error.__cause__):
        return REPLICA
    match error:
        case MovedError() | ClusterDownError() | ClusterCrossSlotError():
            return CLUSTER
        case ResponseError() if "unknown command" in str(error).lower():
            return SENTINEL
    return None


def is_from_replica(error: ResponseError) -> bool:
    """Return whether a server answers so because it is a replica: to a write, or to a read without its master."""
    # Redis 6 wraps the answer to a script's write: "ERR Error running script (call to f_...): ... -READONLY You can't".
    return isinstance(error, ReadOnlyError | MasterDownError) or "-READONLY " in str(error)


def explain_tls(error: BaseException) -> str | None:
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
