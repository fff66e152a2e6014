"""Links to reports: whoever has one sees that report alone, until it ends."""

import re
from datetime import timedelta

import asyncpg
import pytest
from aiohttp.test_utils import TestClient, TestServer

from console.web.routes import make_app
from tests.console.reports.test_saved import post
from tests.console.reports.world import count_raw
from tests.console.running import Console

pytestmark = pytest.mark.servers

QUERY = "range=28d&by=affiliate,code&f.country=is:DE&rows=25"


async def make_link(console: Console, **fields: str) -> str:
    """Make a link as somebody who is logged in; return its path."""
    data = {"csrf": await console.read_csrf(), "name": "For Ann", "query": QUERY, "days": "7", **fields}
    async with console.client.post("/shares", data=data) as response:
        assert response.status == 200
        found = re.search(r"<code[^>]*>https?://[^/]+(/shared/[\w-]{43})</code>", await response.text())
    assert found
    return found[1]


async def open_stranger(console: Console) -> TestClient:
    """Give a browser of somebody without a login."""
    client = TestClient(TestServer(make_app(console.environment)))
    await client.start_server()
    return client


async def read(client: TestClient, path: str) -> tuple[int, str]:
    async with client.get(path, allow_redirects=False) as response:
        return response.status, await response.text()


async def test_whoever_has_the_link_sees_that_report_and_nothing_else(filled: Console) -> None:
    path = await make_link(filled)
    own = await filled.read(f"/reports?{QUERY}")
    stranger = await open_stranger(filled)
    status, page = await read(stranger, path)
    others = [
        await read(stranger, f"{path}?{query}") for query in ("f.country=is:PT", "by=device", "range=all", "f.country=")
    ]
    closed = [(await read(stranger, one))[0] for one in (f"/reports?{QUERY}", "/reports.csv", "/shares", "/clicks")]
    await stranger.close()

    assert status == 200
    totals = re.compile(r"<tfoot>.*?</tfoot>", re.DOTALL)
    numbers = [re.findall(r">([\d,.%]+)<", totals.search(one)[0]) for one in (own, page)]  # type: ignore[index]
    assert numbers[0] == numbers[1] != []
    tbody = re.compile(r"<tbody>.*?</tbody>", re.DOTALL)
    assert "<a " not in tbody.search(page)[0]  # type: ignore[index]
    assert {tbody.search(text)[0] for _, text in others} == {tbody.search(page)[0]}  # type: ignore[index]
    assert closed == [303] * 4


async def test_a_link_to_analytics_shows_totals_as_sql_counts_them_and_leads_to_no_click(
    filled: Console, tables: asyncpg.Connection
) -> None:
    path = await make_link(filled, path="/analytics", query="range=28d&f.country=is:DE&large=1")
    stranger = await open_stranger(filled)
    status, page = await read(stranger, path)
    other = await read(stranger, f"{path}?f.country=is:PT&measure=bots")
    await stranger.close()
    now = filled.environment.now()
    raw = await count_raw(tables, ("country",), now - timedelta(days=60), now)
    people, bots, uniques = (f"{count:,}" for count in raw["DE",])
    shown = dict(re.findall(r'<span class="total-title">([^<]+)</span> <b>([\d,]+)</b>', page))

    assert status == 200
    assert (shown["People"], shown["Bots"], shown["Unique clicks"]) == (people, bots, uniques)
    assert re.findall(r'href="(?!/static)[^"]*"', page.partition("<main")[2].partition("</main>")[0]) == []
    cells = re.compile(r"<tbody>.*?</tbody>", re.DOTALL)
    assert cells.findall(other[1]) == cells.findall(page) != []


async def test_a_link_ends_with_its_time_and_when_somebody_ends_it(filled: Console, tables: asyncpg.Connection) -> None:
    first, second = await make_link(filled), await make_link(filled, name="Other")
    stranger = await open_stranger(filled)
    await tables.execute("UPDATE share_links SET expires_at = $1 WHERE name = 'Other'", filled.environment.now())
    over = (await read(stranger, second))[0]
    ids = [row[0] for row in await tables.fetch("SELECT id FROM share_links WHERE name = 'For Ann'")]
    ended = await post(filled, f"/shares/{ids[0]}/end")
    status, page = await read(stranger, first)
    unknown = [(await read(stranger, f"/shared/{token}"))[0] for token in ("x", "A" * 43, "%00", "%FF")]
    await stranger.close()
    actions = await tables.fetch("SELECT action FROM audit_log WHERE subject LIKE 'link %' ORDER BY id")

    assert (over, ended[0], status, unknown) == (404, 303, 404, [404] * 4)
    assert "shows nothing any more" in page
    assert [row[0] for row in actions] == ["share.create", "share.create", "share.revoke"]
    assert await tables.fetchval("SELECT max(expires_at - created_at) FROM share_links") == timedelta(days=7)


@pytest.mark.parametrize("change", ["disabled_at = now()", "role = 'affiliate', affiliate_id = 'ann'"])
async def test_a_link_shows_nothing_once_its_maker_may_not_read(
    filled: Console, tables: asyncpg.Connection, change: str
) -> None:
    await filled.log_in("viewer")
    path = await make_link(filled)
    stranger = await open_stranger(filled)
    before = (await read(stranger, path))[0]
    await tables.execute(f"UPDATE users SET {change} WHERE id = 'viewer'")
    after = (await read(stranger, path))[0]
    await stranger.close()

    assert (before, after) == (200, 404)


async def test_the_groups_of_a_shared_report_lead_nowhere_and_no_page_of_a_link_is_for_robots(filled: Console) -> None:
    paths = await make_link(filled, query=f"{QUERY}&layout=nested"), await make_link(filled, secret="correct horse")
    stranger = await open_stranger(filled)
    nested = (await read(stranger, paths[0]))[1].partition("<main")[2]
    robots = []
    for path in (*paths, "/shared/unknown"):
        async with stranger.get(path) as response:
            robots.append(response.headers.get("X-Robots-Tag"))
    await stranger.close()

    assert "aff-1" in nested
    assert re.findall(r'href="/reports[^"]*"', nested) == []
    assert robots == ["noindex"] * 3


async def test_an_admin_finds_the_oldest_of_many_links_and_ends_it(filled: Console, tables: asyncpg.Connection) -> None:
    for name in ("eve", "finn"):
        await tables.execute(
            "INSERT INTO users (id, login, name, role, created_at) VALUES ($1, $1, $1, 'viewer', now())", name
        )
    await tables.execute(
        "INSERT INTO share_links (id, token_sha256, user_id, name, path, query, created_at, expires_at)"
        " SELECT lpad(n::text, 26, '0'), sha256(n::text::bytea), CASE WHEN n <= 50 THEN 'eve' ELSE 'finn' END,"
        " 'link ' || n, '/reports', '', now() - interval '1 day' + n * interval '1 second', now() + interval '9 days'"
        " FROM generate_series(1, 101) AS n"
    )
    first = await filled.read("/shares")
    [older] = re.findall(r'href="(/shares\?before=\w+)"', first)
    last = await filled.read(older)
    ends = [re.findall(r"/shares/0*(\d+)/end", page) for page in (first, last)]
    ended = await post(filled, f"/shares/{1:026}/end")

    assert ends == [[str(n) for n in range(101, 1, -1)], ["1"]]
    assert "before=" not in last
    assert ended[0] == 303
    assert await tables.fetchval("SELECT count(*) FROM share_links WHERE revoked_at IS NOT NULL") == 1


async def test_a_password_is_asked_for_once(filled: Console, tables: asyncpg.Connection) -> None:
    path = await make_link(filled, secret="correct horse")
    stranger = await open_stranger(filled)
    locked = await read(stranger, path)
    async with stranger.post(path, data={"secret": "wrong"}) as response:
        wrong = response.status
    async with stranger.post(path, data={"secret": "correct horse"}, allow_redirects=False) as response:
        right = response.status, response.headers["Location"]
    opened = await read(stranger, path)
    await tables.execute("UPDATE share_links SET password_hash = 'another'")
    changed = await read(stranger, path)
    await stranger.close()

    assert (locked[0], "aff-1" in locked[1], wrong, right) == (200, False, 403, (303, path))
    assert "aff-1" in opened[1]
    assert "aff-1" not in changed[1]


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"days": "8"}, {"days": ""}, {"query": "a\0"}, {"secret": "short"}, {"secret": "x" * 201}]
)
async def test_what_makes_no_link_is_refused(filled: Console, fields: dict[str, str]) -> None:
    known = {"name": "one", "query": QUERY, "days": "7"}

    assert (await post(filled, "/shares", **(known | fields)))[0] == 422
