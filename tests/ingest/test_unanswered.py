"""Requests that aiohttp answers itself."""

import logging

from aiohttp.http_exceptions import BadHttpMessage, BadHttpMethod
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from ingest.metrics import IngestMetrics
from ingest.unanswered import Unanswered

TOLD = "Error handling request from %s"
ADDRESS = "203.0.113.9"


def counted() -> tuple[Unanswered, dict[str, int]]:
    metrics = IngestMetrics(CollectorRegistry(), lambda: 0)
    return Unanswered(metrics), metrics.answers


def test_what_cannot_be_read_is_counted_and_nothing_of_it_is_logged() -> None:
    logger, answers = counted()
    with capture_logs() as logs:
        logger.error(TOLD, ADDRESS, exc_info=BadHttpMessage("X-Forwarded-For: 203.0.113.9\\x01"))
        logger.debug(TOLD, ADDRESS, exc_info=BadHttpMethod("TLS"))
    assert (answers["unreadable"], answers["failed"], logs) == (2, 0, [])


def test_a_failure_of_ours_is_counted_and_logged_without_the_address() -> None:
    logger, answers = counted()
    error = RuntimeError("ours")
    with capture_logs() as logs:
        logger.error(TOLD, ADDRESS, exc_info=error)
    assert (answers["unreadable"], answers["failed"]) == (0, 1)
    assert logs == [{"event": "request failed", "exc_info": error, "log_level": "error"}]


def test_what_is_no_answer_counts_as_none() -> None:
    logger, answers = counted()
    with capture_logs() as logs:
        logger.debug("Ignored premature client disconnection")
        logger.log(logging.INFO, "anything")
    assert (answers["unreadable"], answers["failed"], logs) == (0, 0, [])
