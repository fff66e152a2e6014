"""What the toolbar asks for: values to filter by, and the address with one filter more."""

from datetime import timedelta
from urllib.parse import parse_qsl

import asyncpg
import pytest
from aiohttp.test_utils import TestClient
from multidict import MultiDict

from console.view.handlers import add_to_query
from schemas import Geo
from tests.console.builders import NOW, enriched_click, store
from tests.console.running import Console


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        (
            "range=month&add_field=country&add_operator=is&add_value=DE&add_value=AT",
            "range=month&f.country=is:DE,AT",
        ),
        ("f.code=is:a&add_field=code&add_operator=is&add_text=b,c", "f.code=is:a,b%5C,c"),
        ("f.code=is:a&add_field=code&add_operator=not&add_text=b", "f.code=not:b"),
        ("add_field=code&add_operator=has&add_text=+spring+", "f.code=has:spring"),
        ("add_field=code&add_operator=is&add_text=+", ""),
        ("add_field=country&add_operator=is&add_value=", "f.country=is:"),
        ("add_field=city&add_operator=is&add_text=x", ""),
        ("add_field=code&add_operator=like&add_text=x", ""),
    ],
)
def test_a_filter_is_added_to_the_address(asked: str, query: str) -> None:
    assert add_to_query(MultiDict(parse_qsl(asked, keep_blank_values=True))) == query


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", ""])
async def test_a_filter_leads_to_our_own_pages_alone(logged_in_client: TestClient, target: str) -> None:
    asked = {"add_to": target, "add_field": "code", "add_operator": "is", "add_text": "a"}
    async with logged_in_client.get("/view/filter", params=asked, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/?f.code=is:a")


@pytest.mark.servers
async def test_known_values_are_suggested_with_their_clicks(console: Console, tables: asyncpg.Connection) -> None:
    now = console.environment.now()
    countries = ["DE", "DE", "DK", "PT"]
    await store(
        tables,
        [enriched_click(now, number, geo=Geo(status="found", country=one)) for number, one in enumerate(countries)],
    )
    await tables.execute("INSERT INTO affiliates (id, name, status) VALUES ('ann', 'Ann of Example', 'active')")

    assert NOW - timedelta(days=1) < now
    found = await console.read("/parts/values?field=country&range=today")
    assert found.index('value="DE"') < found.index('value="DK"') < found.index('value="PT"')
    assert 'value="ann"' in await console.read("/parts/values?field=affiliate&q=of+ex")
    assert "No clicks of this range" in await console.read("/parts/values?field=affiliate&q=bob")
    async with console.client.get("/parts/values?field=city") as response:
        assert response.status == 404
