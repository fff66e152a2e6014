"""Visitors are not redirected, or wait, or get what they should not."""

from typing import Final

from tests.deploy_prometheus.series import (
    DURATION,
    INGEST,
    SETTLER,
    SINK,
    constant,
    counting,
    of,
    refused,
    requests,
    stepping,
)
from tests.deploy_prometheus.situation import Situation

VISITORS: Final = (
    Situation(
        "no ingest runs", {of(INGEST, "ready"): None, f"up{{{INGEST}}}": constant(0)}, ("IngestDown", "ProcessDown")
    ),
    Situation("ingest is not ready", {of(INGEST, "ready"): constant(0)}, ("IngestDown", "NotReady")),
    Situation(
        "one of two ingests is not ready",
        {
            'clickrail_ready{job="clickrail-ingest",instance="second:9100"}': constant(0),
            'clickrail_build_info{job="clickrail-ingest",instance="second:9100",service="ingest"}': constant(1),
        },
        ("NotReady",),
    ),
    Situation("the sink is starting", {of(SINK, "ready"): stepping(0, 1, 39)}),
    Situation("the sink has not been ready for 3 minutes", {of(SINK, "ready"): stepping(1, 0, 37)}),
    Situation("the settler does not answer", {f"up{{{SETTLER}}}": constant(0)}, ("ProcessDown",)),
    Situation("something of other people's does not answer", {'up{job="mail",instance="m:1"}': constant(0)}),
    Situation(
        "a worker dies every two minutes",
        {of(INGEST, "ingest_worker_restarts_total", worker="0"): counting(0.5)},
        ("WorkerRestarts",),
    ),
    Situation("a worker died once", {of(INGEST, "ingest_worker_restarts_total", worker="0"): stepping(0, 1, 38)}),
    Situation(
        "every tenth visitor waits long",
        {f'{DURATION}"{bound}"}}': counting(540) for bound in ("0.001", "0.05")},
        ("SlowRedirects",),
    ),
    Situation(
        "every 200th visitor waits long", {f'{DURATION}"{bound}"}}': counting(603) for bound in ("0.001", "0.05")}
    ),
    Situation("visitors are refused", {requests("overloaded"): counting(10)}, ("VisitorsRefused",)),
    Situation("one visitor was refused", {requests("overloaded"): stepping(0, 1, 38)}),
    Situation(
        "connections are refused",
        {of(INGEST, "connections_closed_total", reason="too_many"): stepping(0, 3, 38)},
        ("ConnectionsRefused",),
    ),
    Situation("many requests fail", {requests("failed"): counting(20)}, ("ServerError", "ServerErrors")),
    Situation("one request failed", {requests("failed"): stepping(0, 1, 38)}, ("ServerError",)),
    Situation(
        "somebody tries codes", {refused("R102"): counting(600), requests("rejected"): counting(600)}, ("UnknownCodes",)
    ),
    Situation("a tenth of the codes is unknown", {refused("R102"): counting(60), requests("rejected"): counting(60)}),
    Situation(
        "nobody comes but one with a wrong code",
        {
            requests("accepted"): constant(0),
            refused("R102"): counting(1),
            requests("rejected"): counting(1),
            of(INGEST, "clicks_waiting"): constant(0),
        },
    ),
    Situation("changes are not followed", {of(INGEST, "lookup_following"): constant(0)}, ("ChangesNotFollowed",)),
    Situation("the connection for changes is made again", {of(INGEST, "lookup_following"): stepping(1, 0, 35)}),
    # The samples are 40 minutes of the day that the rate is of: 600 clicks a minute are 0.28 a second of it.
    Situation(
        "a key has sealed more than half of what it may",
        {of(INGEST, "key_created_timestamp_seconds", purpose="ip_seal"): constant(-5e10)},
        ("KeyNearLimit",),
    ),
    Situation(
        "a key has sealed a fifth of what it may",
        {of(INGEST, "key_created_timestamp_seconds", purpose="ip_seal"): constant(-30e8)},
    ),
    Situation(
        "a key that seals nothing is as old",
        {of(INGEST, "key_created_timestamp_seconds", purpose="token"): constant(-5e10)},
    ),
)
