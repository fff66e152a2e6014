"""The demo click, followed to its row."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.up.demo_click import ClickNotStored, ClickTrace, DemoLink, describe_trace, follow_click
from deploy.local.ports import free_port
from identity.keyfile import create_ring
from identity.keys import RING_RANDOMNESS, init_ring
from tests.pipeline import Pipeline, running_pipeline
from tests.simulate.builders import give_click, stack


def test_a_followed_click_tells_the_milliseconds_of_each_stage() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    later = [now + timedelta(milliseconds=number) for number in (8, 30, 70)]

    assert describe_trace(ClickTrace("ID", "https://shop.example/", 1.26, now, *later)) == [
        "  [bold]   1.3 ms[/]  answered: 302 to https://shop.example/",
        "       8 ms  in Kafka, clicks.raw",
        "      30 ms  enriched, clicks.enriched",
        "      70 ms  a row in PostgreSQL, ID (a test, which no total counts)",
    ]


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    file = tmp_path / "ring.json"
    create_ring(file, init_ring(datetime.now(UTC), os.urandom(RING_RANDOMNESS)))
    return file


async def test_a_click_that_gets_no_cookie_of_ours_is_said_to_be_lost_and_ends_nothing(keys_file: Path) -> None:
    async with stack(give_click) as url:
        went = await follow_click(DemoLink(url, "demo", "demo", https=False), keys_file, "postgresql://127.0.0.1:1/d")

    assert went == ClickNotStored(
        "the demo click was answered 302 https://shop.example/shoes, without a cookie: "
        "`clickrail code check demo` explains the answer"
    )


async def test_nobody_there_is_said_to_be_so(keys_file: Path) -> None:
    link = DemoLink(f"http://127.0.0.1:{free_port()}", "demo", "demo", https=False)
    went = await follow_click(link, keys_file, "postgresql://127.0.0.1:1/d")

    assert isinstance(went, ClickNotStored)
    assert went.reason.startswith("the demo click was not answered (")


@pytest.mark.servers
@pytest.mark.processes
async def test_the_click_is_a_test_and_in_no_total(pipeline: Pipeline) -> None:
    async with running_pipeline(pipeline):
        link = DemoLink(pipeline.url, "abc123", "shoes", https=True)
        went = await follow_click(link, pipeline.folder / "keys.json", pipeline.database_url)
        rows = await pipeline.rows("SELECT click_id, is_test FROM clicks")

    assert isinstance(went, ClickTrace)
    assert [(row["click_id"], row["is_test"]) for row in rows] == [(went.click_id, True)]
