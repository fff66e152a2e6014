"""What comes live, for everybody who looks."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from console.clicks.filters import Filters
from console.live.broadcast import QUEUED, REMEMBERED, Broadcast
from console.metrics import ConsoleMetrics
from storage.read.records import StoredClick, StoredRejection
from tests.console.builders import NOW, enriched_click, rejected_click


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def broadcast(registry: CollectorRegistry) -> Broadcast:
    return Broadcast("epoch", ConsoleMetrics(registry))


def click(number: int, **changes: object) -> StoredClick:
    return StoredClick(enriched_click(NOW + timedelta(milliseconds=number), number, **changes), NOW)


async def test_everybody_gets_what_comes_in_its_order(broadcast: Broadcast) -> None:
    with broadcast.subscribe(Filters(), "") as one, broadcast.subscribe(Filters(), "") as other:
        broadcast.publish(click(1))
        broadcast.publish(click(2))

        assert [arrival.sequence for arrival in (await one.receive(1)).arrivals] == [1, 2]
        assert [arrival.sequence for arrival in (await other.receive(1)).arrivals] == [1, 2]


async def test_only_what_passes_the_filters_is_queued(broadcast: Broadcast) -> None:
    with broadcast.subscribe(Filters(outcome="rejected"), "") as subscription:
        broadcast.publish(click(1))
        broadcast.publish(StoredRejection(rejected_click(), NOW))

        assert [arrival.line.badge for arrival in (await subscription.receive(1)).arrivals] == ["R102"]


async def test_a_browser_that_is_too_slow_loses_the_oldest_and_is_told(
    broadcast: Broadcast, registry: CollectorRegistry
) -> None:
    with broadcast.subscribe(Filters(), "") as subscription:
        for number in range(QUEUED + 7):
            broadcast.publish(click(number))
        delivery = await subscription.receive(1)

    assert delivery.dropped == 7
    assert [arrival.sequence for arrival in delivery.arrivals] == list(range(8, QUEUED + 8))
    assert registry.get_sample_value("clickrail_console_events_dropped_total") == 7


async def test_who_comes_again_goes_on_where_they_were(broadcast: Broadcast) -> None:
    for number in range(4):
        broadcast.publish(click(number))
    with broadcast.subscribe(Filters(), "epoch-2") as subscription:
        assert [arrival.sequence for arrival in (await subscription.receive(1)).arrivals] == [3, 4]


@pytest.mark.parametrize("position", ["other-2", "", "epoch-x", "epoch-²", "-", "nonsense"])
async def test_who_comes_from_another_process_gets_all_that_is_remembered(broadcast: Broadcast, position: str) -> None:
    broadcast.publish(click(1))
    with broadcast.subscribe(Filters(), position) as subscription:
        assert [arrival.sequence for arrival in (await subscription.receive(1)).arrivals] == [1]


async def test_what_comes_twice_is_shown_once(broadcast: Broadcast) -> None:
    broadcast.publish(click(1))
    broadcast.publish(click(1))

    assert len(broadcast.recent(Filters())) == 1


async def test_what_is_forgotten_comes_to_nobody_and_may_be_forgotten_twice(broadcast: Broadcast) -> None:
    broadcast.publish(click(1))
    broadcast.publish(click(2))
    for _ in range(2):
        broadcast.forget([click(1).click.click_id])

    assert [line.id for line in broadcast.recent(Filters())] == [click(2).click.click_id]
    assert broadcast.find(click(1).click.click_id) is None
    with broadcast.subscribe(Filters(), "") as subscription:
        assert [arrival.sequence for arrival in (await subscription.receive(1)).arrivals] == [2]


async def test_what_is_remembered_has_an_end(broadcast: Broadcast) -> None:
    for number in range(REMEMBERED + 3):
        broadcast.publish(click(number))

    assert len(broadcast.recent(Filters())) == REMEMBERED
    assert broadcast.find(click(0).click.click_id) is None
    assert broadcast.find(click(5).click.click_id) == click(5)


async def test_nothing_new_is_waited_for_no_longer_than_asked(broadcast: Broadcast) -> None:
    with broadcast.subscribe(Filters(), "") as subscription:
        assert (await subscription.receive(0.01)).arrivals == ()


async def test_the_end_wakes_everybody_and_whoever_comes_later(
    broadcast: Broadcast, registry: CollectorRegistry
) -> None:
    with broadcast.subscribe(Filters(), "") as subscription:
        assert registry.get_sample_value("clickrail_console_browsers") == 1
        broadcast.close()
        await subscription.receive(60)
        assert subscription.closed
    with broadcast.subscribe(Filters(), "") as late:
        assert late.closed

    assert registry.get_sample_value("clickrail_console_browsers") == 0


def test_what_comes_while_nobody_looks_is_read_when_somebody_does_and_in_its_order(
    broadcast: Broadcast, registry: CollectorRegistry
) -> None:
    read = []

    def arrive(number: int) -> None:
        def publish() -> None:
            read.append(number)
            broadcast.publish(click(number))

        broadcast.defer(publish)

    for number in range(REMEMBERED + 3):
        arrive(number)
    assert read == []
    assert registry.get_sample_value("clickrail_console_events_total", {"kind": "unread"}) == 3

    assert [line.id for line in broadcast.recent(Filters())] == [
        click(number).click.click_id for number in range(3, REMEMBERED + 3)
    ]
    with broadcast.subscribe(Filters(), broadcast.position):
        arrive(REMEMBERED + 3)
        assert read[-1] == REMEMBERED + 3
    arrive(REMEMBERED + 4)
    assert read[-1] == REMEMBERED + 3
    assert broadcast.find(click(REMEMBERED + 4).click.click_id) == click(REMEMBERED + 4)


async def test_who_comes_gets_what_came_before_them_unread(broadcast: Broadcast) -> None:
    broadcast.defer(lambda: broadcast.publish(click(1)))
    with broadcast.subscribe(Filters(), "") as subscription:
        broadcast.defer(lambda: broadcast.publish(click(2)))

        assert [arrival.sequence for arrival in (await subscription.receive(1)).arrivals] == [1, 2]
