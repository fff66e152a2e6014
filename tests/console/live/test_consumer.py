"""The live stream out of a real Kafka."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from console.clicks.events import ClickOrRejection
from console.clicks.filters import Filters
from console.live.broadcast import Broadcast
from console.live.consumer import LiveStream
from console.metrics import ConsoleMetrics
from console.settings import Settings
from deploy.local.kafka import plan_kafka
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from runtime.kafka.out_record import OutRecord
from runtime.kafka.producer import RecordProducer
from schemas import CLICKS_ENRICHED
from tests.console.builders import enriched_click, make_topics, publish, rejected_click
from tests.console.running import Console, make_settings, run_console
from tests.sink.builders import click, clicked
from tests.waiting import eventually

pytestmark = pytest.mark.servers


async def test_clicks_and_rejections_arrive_within_two_seconds(console: Console, kafka: str, topic_prefix: str) -> None:
    now = datetime.now(UTC)
    click, rejection = enriched_click(now, 1), rejected_click(now, 2)
    await publish(kafka, topic_prefix, [click, rejection])

    await eventually(lambda: len(console.environment.broadcast.recent(Filters())) == 2)

    assert console.environment.broadcast.find(click.click_id).click == click
    assert console.environment.broadcast.find(rejection.rejection_id).rejection == rejection


async def test_what_was_there_before_is_left_to_the_tables(
    console_settings: Settings, kafka: str, topic_prefix: str
) -> None:
    await publish(kafka, topic_prefix, [enriched_click(number=1)])
    async with run_console(console_settings) as console:
        await console.wait_until_live()
        await publish(kafka, topic_prefix, [enriched_click(number=2)])
        await eventually(lambda: bool(console.environment.broadcast.recent(Filters())))

        assert [line.id for line in console.environment.broadcast.recent(Filters())] == [
            enriched_click(number=2).click_id
        ]


async def test_what_cannot_be_read_is_counted_and_passed_over(console: Console, kafka: str, topic_prefix: str) -> None:
    producer = RecordProducer([kafka], client_id="test")
    await producer.deliver([OutRecord(topic_prefix + CLICKS_ENRICHED.name, b"k", b"\xff not json")])
    await producer.close()
    await publish(kafka, topic_prefix, [enriched_click()])
    await eventually(lambda: bool(console.environment.broadcast.recent(Filters())))

    count = console.environment.registry.get_sample_value
    assert count("clickrail_console_events_total", {"kind": "undecodable"}) == 1
    assert count("clickrail_console_events_total", {"kind": "click"}) == 1


async def test_a_record_that_our_code_fails_at_is_counted_and_passed_over() -> None:
    class Failing(Broadcast):
        def publish(self, event: ClickOrRejection) -> None:
            raise KeyError(event)

    registry = CollectorRegistry()
    metrics = ConsoleMetrics(registry)
    live = LiveStream(make_settings(), Failing("epoch", metrics), metrics)

    live.handle_record(clicked(click())[0])

    assert registry.get_sample_value("clickrail_console_events_total", {"kind": "undecodable"}) == 1


async def test_topics_that_are_missing_are_waited_for(kafka: str, topic_prefix: str) -> None:
    settings = make_settings(kafka_bootstrap_servers=(kafka,), kafka_topic_prefix=topic_prefix)
    async with run_console(settings) as console:
        await eventually(lambda: "topics" in (console.environment.live.problem or ""))
        await make_topics(kafka, topic_prefix)
        await eventually(lambda: console.environment.live.problem is None)


async def test_an_outage_is_told_and_what_comes_after_it_arrives(own_settings: LocalSettings) -> None:
    async with running(await plan_kafka(own_settings)) as server:
        await make_topics(server.address, "")
        async with run_console(make_settings(kafka_bootstrap_servers=(server.address,))) as console:
            broadcast, live = console.environment.broadcast, console.environment.live
            await console.wait_until_live()
            await publish(server.address, "", [enriched_click(number=1)])
            await eventually(lambda: len(broadcast.recent(Filters())) == 1)

            await server.kill()
            await eventually(lambda: live.problem == "Kafka does not answer")
            await server.start()
            # Before the console is back: it goes on where it was, and shows this one as well.
            await publish(server.address, "", [enriched_click(number=2)])
            await eventually(lambda: live.problem is None)
            await publish(server.address, "", [enriched_click(datetime.now(UTC) - timedelta(seconds=1), 3)])
            await eventually(lambda: len(broadcast.recent(Filters())) == 3)
