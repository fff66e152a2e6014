"""Requests that aiohttp answers itself: 400 to what cannot be read, 500 where we failed. Counted, and no more.

aiohttp's own log names the client's address and quotes the bytes it could not read, cookies and X-Forwarded-For among
them. None of that may be written down, so this stands where it wants its logger.
"""

import logging

import structlog
from aiohttp.http_exceptions import HttpProcessingError

from ingest.metrics import IngestMetrics

log = structlog.get_logger()


class Unanswered(logging.Logger):
    """Takes what aiohttp has to say about requests, and says only what may be said."""

    def __init__(self, metrics: IngestMetrics) -> None:
        # aiohttp speaks of some unreadable requests (TLS on this port) at this level only.
        super().__init__("ingest.unanswered", logging.DEBUG)
        self._answers = metrics.answers

    def handle(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            self._answers["unreadable"] += 1
        elif record.levelno >= logging.ERROR:
            self._answers["failed"] += 1
            log.error("request failed", exc_info=error)
