"""The demo program."""

import asyncpg
import pytest

from cli.tables import apply_migrations
from cli.up.demo import demo_program, make_demo, stale_urls
from referrals.admin.repository import change, find
from referrals.model import Program

HERE = "http://127.0.0.1:18080"


@pytest.mark.parametrize(
    ("target", "fallback", "stale"),
    [
        (f"{HERE}/landing?click={{click_token}}", f"{HERE}/", set()),
        ("http://127.0.0.1:2/landing?click={click_token}", "http://127.0.0.1:2/", {"target_url", "fallback_url"}),
        ("https://shop.example/?click={click_token}", "https://shop.example/", {"target_url", "fallback_url"}),
        ("https://mine.example/?click={click_token}", "https://shop.example/", {"fallback_url"}),
        ("https://mine.example/", None, set()),
    ],
)
def test_only_what_an_earlier_run_made_is_led_to_the_page_of_this_one(
    target: str, fallback: str | None, stale: set[str]
) -> None:
    found = Program(id="demo", name="Mine", status="paused", target_url=target, fallback_url=fallback)

    assert set(stale_urls(found, demo_program(HERE))) == stale


@pytest.mark.servers
async def test_the_demo_is_made_once_and_follows_the_page_to_another_port(database_url: str) -> None:
    await apply_migrations(database_url)
    await make_demo(database_url, "http://127.0.0.1:1")
    connection = await asyncpg.connect(database_url)
    try:
        await change(connection, "program", "demo", {"name": "Mine"})
        await make_demo(database_url, HERE)
        made = await find(connection, "program", "demo")
    finally:
        await connection.close()

    assert isinstance(made, Program)
    assert (made.name, made.target_url, made.fallback_url) == (
        "Mine",
        f"{HERE}/landing?click={{click_token}}",
        f"{HERE}/",
    )
