"""The ids of a click's spans, and which clicks have any."""

import random

import pytest
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

from schemas.headers import traceparent
from schemas.trace_ids import PARENTS, is_sampled, sampled_ids, span_ids, trace_id

ULID = "01KAV9FT00JCKYZSHQA40QNF51"
TRACE = 0x019AB697E8009327EFE63751017ABCA1


def test_the_trace_of_a_click_is_its_id() -> None:
    assert trace_id(ULID) == TRACE


def test_each_span_is_the_child_of_the_one_before_and_a_replay_gives_the_same() -> None:
    click, raw, enriched, row = (span_ids(TRACE, step) for step in ("click", "raw", "enriched", "row"))

    assert (click.parent, raw.parent, enriched.parent, row.parent) == (None, click.span, raw.span, enriched.span)
    assert len({click.span, raw.span, enriched.span, row.span}) == 4
    assert (click.span, raw.span, row.span) == (0xAE03AFDC0C858435, 0x2EF6BE9DB495A964, 0x2763F530F947BB9A)
    assert set(PARENTS) == {"raw", "enriched", "row"}


def test_readers_of_the_topic_join_below_the_span_of_the_enriched_click() -> None:
    assert traceparent(ULID) == b"00-019ab697e8009327efe63751017abca1-efe63751017abca1-00"
    assert traceparent(ULID, is_sampled=True) == b"00-019ab697e8009327efe63751017abca1-efe63751017abca1-01"
    assert span_ids(TRACE, "enriched").span == 0xEFE63751017ABCA1


@pytest.mark.parametrize("ratio", [0.0, 0.01, 0.5, 1.0])
def test_a_share_of_clicks_is_sampled_and_opentelemetrys_own_sampler_chooses_the_same(ratio: float) -> None:
    chance = random.Random(7)
    traces = [chance.getrandbits(128) for _ in range(5000)]
    sampler = TraceIdRatioBased(ratio)
    chosen = {trace for trace in traces if is_sampled(trace, ratio)}

    assert chosen == {
        trace for trace in traces if sampler.should_sample(None, trace, "").decision is Decision.RECORD_AND_SAMPLE
    }
    assert abs(len(chosen) - ratio * len(traces)) <= 0.03 * len(traces)


def test_a_click_that_is_not_in_the_share_has_no_ids() -> None:
    assert sampled_ids(ULID, "row", 0.0) is None
    assert sampled_ids(ULID, "row", 1.0) == span_ids(TRACE, "row")
