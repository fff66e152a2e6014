"""CloudEvents headers and the trace context."""

from msgspec import structs

from schemas import DeadLetter, EnrichedClick, RejectedClick, decode
from schemas.headers import dead_headers, enriched_headers, rejected_headers, traceparent
from tests.schemas.test_codec import read_example


def test_an_enriched_click_carries_cloudevents_headers_and_its_trace() -> None:
    click = decode(EnrichedClick, read_example("clicks.enriched/good/full.json"))
    assert isinstance(click, EnrichedClick)

    assert enriched_headers(click) == [
        ("ce_specversion", b"1.0"),
        ("ce_type", b"io.clickrail.click.enriched.v1"),
        ("ce_source", b"/clickrail/enricher"),
        ("ce_id", b"01KAT301V8C3Q9GZ2F5B7N4M6P"),
        ("ce_time", b"2025-11-24T09:15:02.888000+00:00"),
        ("content-type", b"application/json"),
        ("traceparent", traceparent("01KAT301V8C3Q9GZ2F5B7N4M6P")),
    ]


def test_a_rejection_and_a_dead_letter_say_what_they_are() -> None:
    rejection = decode(RejectedClick, read_example("clicks.rejected/good/paused.json"))
    letter = decode(DeadLetter, read_example("clicks.dead/good/cut.json"))
    assert isinstance(rejection, RejectedClick)
    assert isinstance(letter, DeadLetter)

    assert dict(rejected_headers(rejection))["ce_type"] == b"io.clickrail.click.rejected.v1"
    assert dict(dead_headers(letter))["ce_id"] == b"clicks.raw/3/42/03a7bd518f3e4eca"
    assert dict(dead_headers(structs.replace(letter, digest=None)))["ce_id"] == b"clicks.raw/3/42"
    assert "traceparent" not in dict(dead_headers(letter))


def test_the_trace_id_is_the_ulid_itself() -> None:
    assert traceparent("01ARZ3NDEKTSV4RRFFQ69G5FAV") == b"00-01563e3ab5d3d6764c61efb99302bd5b-4c61efb99302bd5b-00"
