"""What `clickrail status` says of records that wait."""

from typing import Any

import pytest

from cli.status.finding import Finding
from cli.status.lag import check_lag, describe_lag
from cli.status.scope import Scope
from cli.tables import apply_contract
from deploy.local.ports import free_port
from runtime.kafka.out_record import OutRecord
from runtime.kafka.producer import RecordProducer
from tests.waiting import eventually

WHAT = "lag of the sink"


def lines(members: int, **lags: int) -> list[dict[str, Any]]:
    return [{"topic": f"clicks.{name}", "members": members, "lag": lag} for name, lag in lags.items()]


def test_a_stage_that_has_read_everything_has_none() -> None:
    assert describe_lag("sink", lines(1, enriched=0, rejected=0)) == Finding(WHAT, "none")


def test_a_stage_that_is_behind_and_works_is_no_fault_and_said_what_to_watch() -> None:
    found = describe_lag("sink", lines(2, enriched=1200, rejected=34))
    assert found is not None
    assert (found.state, found.wrong) == ("1,234 records", False)
    assert "If it grows" in found.remedy


def test_records_that_nobody_reads_are_a_fault_with_their_topics() -> None:
    found = describe_lag("sink", lines(0, enriched=1, rejected=0, dead=2))
    problem = "no process reads them (1 of clicks.enriched, 2 of clicks.dead)"
    assert found == Finding(WHAT, "3 records", problem, "start the sink: it continues where it stopped")


def test_of_a_stage_that_was_left_out_they_are_no_fault() -> None:
    assert describe_lag("sink", lines(0, enriched=1), left_out=True) == Finding(
        WHAT, "1 record", remedy="start the sink"
    )


def test_without_topics_nothing_is_said() -> None:
    assert describe_lag("sink", []) is None


async def test_without_kafka_nothing_is_said() -> None:
    environ = {"CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"}
    assert await check_lag("sink", Scope(environ)) is None
    assert await check_lag("sink", Scope({})) is None


@pytest.mark.servers
async def test_what_waits_in_kafka_is_counted(kafka: str, topic_prefix: str) -> None:
    environ = {"CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": kafka, "CLICKRAIL_KAFKA_TOPIC_PREFIX": topic_prefix}
    await apply_contract([kafka], topic_prefix)
    # A topic that was just made may not be known to the broker that is asked.
    before = await eventually(lambda: check_lag("enricher", Scope(environ)))
    producer = RecordProducer((kafka,), client_id="test")
    await producer.deliver([OutRecord(f"{topic_prefix}clicks.raw", b"k", b"{}") for _ in range(10)])
    await producer.close()
    after = await check_lag("enricher", Scope(environ))
    assert before == Finding("lag of the enricher", "none")
    assert after is not None
    assert (after.state, after.problem) == ("10 records", f"no process reads them (10 of {topic_prefix}clicks.raw)")
