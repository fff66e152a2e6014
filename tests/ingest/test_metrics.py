"""What ingest counts."""

from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from identity.keyfile import WatchedKeyRing, create_ring
from identity.keys import rotate
from ingest.live_keys import LiveKeys
from ingest.metrics import ANSWERS, IngestMetrics, KeyRingMetrics, QueueMetrics
from schemas.reasons import REASONS
from tests.identity.builders import NOW, randomness, write_ring
from tests.ingest.builders import ring


class Waiting:
    pending = 7


def test_every_answer_and_every_reason_is_there_from_the_start() -> None:
    registry = CollectorRegistry()
    IngestMetrics(registry)
    QueueMetrics(registry, Waiting(), [b"large"])
    for answer in ANSWERS:
        assert registry.get_sample_value("clickrail_requests_total", {"answer": answer}) == 0
    for number in REASONS:
        for recorded in ("true", "false"):
            labels = {"reason": number, "recorded": recorded}
            assert registry.get_sample_value("clickrail_requests_refused_total", labels) == 0
    for reason in ("journal_failed", "journal_damaged", "stopped"):
        assert registry.get_sample_value("clickrail_clicks_lost_total", {"reason": reason}) == 0
    for reason in ("queue_full", "stopped"):
        assert registry.get_sample_value("clickrail_rejections_lost_total", {"reason": reason}) == 0
    assert registry.get_sample_value("clickrail_clicks_waiting") == 7
    assert registry.get_sample_value("clickrail_clicks_oversized") == 1


def test_the_active_keys_say_when_they_were_made(tmp_path: Path) -> None:
    create_ring(tmp_path / "keys.json", ring())
    keys, registry = LiveKeys(WatchedKeyRing(tmp_path / "keys.json")), CollectorRegistry()
    KeyRingMetrics(registry, lambda: keys.created_at)

    assert made(registry, "cookie") == made(registry, "ip_seal") == ring().keys[0].created_at.timestamp()
    write_ring(tmp_path / "keys.json", rotate(ring(), "cookie", NOW + timedelta(days=9), randomness(3)))
    keys.refresh()
    assert made(registry, "cookie") == (NOW + timedelta(days=9)).timestamp()
    assert made(registry, "ip_seal") == ring().keys[0].created_at.timestamp()


def made(registry: CollectorRegistry, purpose: str) -> float | None:
    return registry.get_sample_value("clickrail_key_created_timestamp_seconds", {"purpose": purpose})


def test_a_duration_falls_in_every_bucket_that_holds_it() -> None:
    registry = CollectorRegistry()
    metrics = IngestMetrics(registry)
    for nanoseconds in (50_000, 100_000, 200_000, 9_000_000_000):
        metrics.observe(nanoseconds)

    def at_most(bound: str) -> float | None:
        labels = {"http_route": "/ref/{code}", "le": bound}
        return registry.get_sample_value("http_server_request_duration_seconds_bucket", labels)

    assert [at_most(bound) for bound in ("0.0001", "0.00025", "2.5", "+Inf")] == [2, 3, 3, 4]
    route = {"http_route": "/ref/{code}"}
    assert registry.get_sample_value("http_server_request_duration_seconds_count", route) == 4
    assert registry.get_sample_value("http_server_request_duration_seconds_sum", route) == 9.00035


def test_no_code_address_or_other_text_of_a_request_can_become_a_label() -> None:
    registry = CollectorRegistry()
    metrics = IngestMetrics(registry)
    before = generate_latest(registry).count(b"\n")
    for answer in ANSWERS:
        metrics.answers[answer] += 1
        metrics.observe(1)
    for number, recorded in list(metrics.refused):
        metrics.refused[number, recorded] += 1
    assert generate_latest(registry).count(b"\n") == before
