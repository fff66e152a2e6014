"""Clicks as they arrive, to one browser."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta

import msgspec
import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from console.clicks.filters import Filters
from console.live.stream import FIRST_ROWS, MOST_BROWSERS, MOST_ROWS, WAIT_S
from storage.read.records import StoredClick, StoredRejection
from tests import waiting
from tests.console.builders import NOW, enriched_click, rejected_click
from tests.console.running import Console


class Event(msgspec.Struct):
    name: str
    data: dict[str, object]
    id: str | None = None


@asynccontextmanager
async def watching(client: TestClient, query: str = "", **headers: str) -> AsyncIterator[ClientResponse]:
    async with client.get(f"/live/clicks{query}", headers=headers) as response:
        assert response.status == 200
        yield response


async def next_event(response: ClientResponse, name: str = "lines") -> Event:
    async with asyncio.timeout(waiting.PATIENCE_S):
        while True:
            event = await read_event(response)
            if event.name == name:
                return event


async def read_event(response: ClientResponse) -> Event:
    fields: dict[str, str] = {}
    while True:
        line = (await response.content.readline()).decode().rstrip("\n")
        if not line:
            return Event(fields.get("event", ""), json.loads(fields.get("data", "{}")), fields.get("id"))
        field, _, value = line.partition(": ")
        fields[field] = value


def click(number: int, **changes: object) -> StoredClick:
    return StoredClick(enriched_click(NOW + timedelta(milliseconds=number), number, **changes), NOW)


async def test_a_stream_begins_with_when_to_come_again_and_what_is_away(offline_console: Console) -> None:
    await offline_console.log_in()
    async with watching(offline_console.client) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        assert await response.content.readline() == b"retry: 2000\n"
        status = await next_event(response, "status")

    assert status.data.keys() == {"kafka", "postgres"}
    assert "Kafka" in str(status.data["kafka"])


async def test_a_line_comes_as_it_stands_in_the_page(offline_console: Console) -> None:
    await offline_console.log_in()
    async with watching(offline_console.client) as response:
        await next_event(response, "status")
        offline_console.environment.broadcast.publish(click(1))
        event = await next_event(response)

    assert f'<tr id="c-{click(1).click.click_id}"' in str(event.data["rows"])
    assert (event.data["count"], event.data["skipped"]) == (1, 0)
    assert event.id == offline_console.environment.broadcast.position


async def test_only_lines_that_pass_the_filters_come(offline_console: Console) -> None:
    await offline_console.log_in()
    async with watching(offline_console.client, "?outcome=rejected") as response:
        await next_event(response, "status")
        offline_console.environment.broadcast.publish(click(1))
        offline_console.environment.broadcast.publish(StoredRejection(rejected_click(), NOW))
        event = await next_event(response)

    assert str(event.data["rows"]).count("<tr") == 1
    assert "R102" in str(event.data["rows"])


async def test_who_comes_again_gets_what_came_meanwhile(offline_console: Console) -> None:
    await offline_console.log_in()
    broadcast = offline_console.environment.broadcast
    broadcast.publish(click(1))
    place = broadcast.position
    broadcast.publish(click(2))

    async with watching(offline_console.client, **{"Last-Event-ID": place}) as response:
        by_header = await next_event(response)
    async with watching(offline_console.client, f"?after={place}") as response:
        by_query = await next_event(response)

    assert [str(event.data["rows"]).count("<tr") for event in (by_header, by_query)] == [1, 1]


@pytest.mark.slow
async def test_a_rush_is_counted_instead_of_shown(offline_console: Console) -> None:
    await offline_console.log_in()
    async with watching(offline_console.client) as response:
        await next_event(response, "status")
        await asyncio.sleep(WAIT_S + 0.5)
        for number in range(300):
            offline_console.environment.broadcast.publish(click(number))
        event = await next_event(response)

    rows = str(event.data["rows"])
    assert rows.count("<tr") == MOST_ROWS
    assert (event.data["count"], event.data["skipped"]) == (MOST_ROWS, 300 - MOST_ROWS)
    assert rows.index(click(299).click.click_id) < rows.index(click(298).click.click_id)


async def test_who_comes_again_after_a_while_gets_a_whole_page_at_once(offline_console: Console) -> None:
    await offline_console.log_in()
    for number in range(300):
        offline_console.environment.broadcast.publish(click(number))
    async with watching(offline_console.client) as response:
        event = await next_event(response)

    assert (event.data["count"], event.data["skipped"]) == (FIRST_ROWS, 300 - FIRST_ROWS)


@pytest.mark.slow
async def test_a_stream_ends_with_the_session(offline_console: Console) -> None:
    await offline_console.log_in()
    csrf = await offline_console.read_csrf()
    async with watching(offline_console.client) as response:
        async with offline_console.client.post("/logout", data={"csrf": csrf}, allow_redirects=False):
            pass
        async with asyncio.timeout(waiting.PATIENCE_S):
            await response.read()


async def test_a_stream_ends_with_the_process(offline_console: Console) -> None:
    await offline_console.log_in()
    async with watching(offline_console.client) as response:
        await next_event(response, "status")
        offline_console.environment.broadcast.close()
        async with asyncio.timeout(waiting.PATIENCE_S):
            await response.read()


async def test_a_browser_that_has_left_is_forgotten(offline_console: Console) -> None:
    await offline_console.log_in()
    async with watching(offline_console.client) as response:
        await next_event(response, "status")
        response.close()
    async with asyncio.timeout(waiting.PATIENCE_S):
        number = 0
        while offline_console.environment.broadcast.listeners:
            number += 1
            offline_console.environment.broadcast.publish(click(number))
            await asyncio.sleep(0.05)


async def test_more_browsers_than_can_be_served_are_told_to_come_later(offline_console: Console) -> None:
    await offline_console.log_in()
    with ExitStack() as stack:
        for _ in range(MOST_BROWSERS):
            stack.enter_context(offline_console.environment.broadcast.subscribe(Filters(), ""))
        async with offline_console.client.get("/live/clicks") as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "10")
