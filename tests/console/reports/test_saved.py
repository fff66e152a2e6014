"""Saved views: one's own and the shared ones, opened by their address, one of them the start."""

import re

import asyncpg
import pytest

from tests.console.running import Console

pytestmark = pytest.mark.servers

QUERY = "range=last_week&compare=previous&by=affiliate&sort=-bots"


async def post(console: Console, address: str, /, **fields: str) -> tuple[int, str]:
    """Send a form; return the status and where it leads."""
    data = {"csrf": await console.read_csrf(), **fields}
    async with console.client.post(address, data=data, allow_redirects=False) as response:
        return response.status, response.headers.get("Location", "")


async def follow(console: Console, path: str) -> tuple[int, str]:
    async with console.client.get(path, allow_redirects=False) as response:
        return response.status, response.headers.get("Location", "")


def read_addresses(page: str) -> list[str]:
    saved = page.partition('aria-label="Saved views"')[2].partition("</ul>")[0]
    return re.findall(r'href="(/views/[0-9A-Z]{26})"', saved)


async def test_a_view_is_saved_opened_by_its_address_replaced_and_removed(
    filled: Console, tables: asyncpg.Connection
) -> None:
    assert await post(filled, "/views", name="Weekly <b>", path="/reports", query=QUERY) == (303, f"/reports?{QUERY}")
    page = await filled.read(f"/reports?{QUERY}")
    [address] = read_addresses(page)
    opened = await follow(filled, address)
    await post(filled, "/views", name="Weekly <b>", path="/reports", query="by=code")
    again = await follow(filled, address)
    assert "Weekly &lt;b&gt;" in page
    removed = await post(filled, f"{address}/remove")
    actions = [
        row[0] for row in await tables.fetch("SELECT action FROM audit_log WHERE subject LIKE 'view %' ORDER BY id")
    ]

    assert opened == (303, f"/reports?{QUERY}")
    assert again == (303, "/reports?by=code")
    assert removed[0] == 303
    assert (await follow(filled, address))[0] == 404
    assert (await post(filled, f"{address}/remove"))[0] == 404
    assert actions == ["view.save", "view.save", "view.remove"]


@pytest.mark.parametrize("view", ["/analytics?range=7d", "/clicks?f.code=is:demo", "/reports?by=code"])
async def test_somebody_begins_with_a_view_of_any_page_after_a_login(filled: Console, view: str) -> None:
    assert await follow(filled, "/views/start") == (303, "/")
    path, _, query = view.partition("?")
    await post(filled, "/views", name="Start", path=path, query=query, is_start="1")
    status, address = await follow(filled, "/views/start")

    assert (status, await follow(filled, address)) == (303, (303, view))


async def test_reports_begin_with_the_view_that_somebody_chose(filled: Console) -> None:
    assert (await follow(filled, "/reports"))[0] == 200
    await post(filled, "/views", name="Start", path="/reports", query=QUERY, is_start="1")
    [address] = read_addresses(await filled.read("/reports?by=code"))

    assert await follow(filled, "/reports") == (303, address)
    assert (await follow(filled, "/reports?by=code"))[0] == 200
    await post(filled, "/views/start", view="")
    assert (await follow(filled, "/reports"))[0] == 200


async def test_what_others_saved_is_seen_only_if_they_share_it(filled: Console, tables: asyncpg.Connection) -> None:
    await tables.execute(
        "INSERT INTO users (id, login, name, role, created_at) VALUES ('eve', 'eve', 'Eve', 'viewer', now())"
    )
    for number, is_shared in enumerate((True, False)):
        await tables.execute(
            "INSERT INTO saved_views VALUES ($1, 'eve', $2, '/reports', 'by=code', $3, now())",
            f"{number:026}",
            f"of Eve {number}",
            is_shared,
        )
    page = await filled.read("/reports?by=affiliate")

    assert read_addresses(page) == [f"/views/{0:026}"]
    assert (await follow(filled, f"/views/{1:026}"))[0] == 404
    assert (await post(filled, f"/views/{0:026}/remove"))[0] == 404
    await post(filled, "/views/start", view=f"{1:026}")
    assert (await follow(filled, "/reports"))[0] == 200


async def test_of_more_views_than_a_list_shows_each_opens_and_may_be_the_start(
    filled: Console, tables: asyncpg.Connection
) -> None:
    await tables.execute(
        "INSERT INTO users (id, login, name, role, created_at)"
        " SELECT 'u' || n, 'u' || n, 'U', 'viewer', now() FROM generate_series(1, 5) AS n;"
        "INSERT INTO saved_views SELECT lpad(n::text, 26, '0'), 'u' || (1 + n % 5), to_char(n, 'fm0000'), '/reports',"
        " 'by=code&page=' || n, true, now() FROM generate_series(1, 500) AS n"
    )
    await post(filled, "/views", name="zz own", path="/reports", query="by=device")
    page = await filled.read("/reports?by=affiliate")
    opened = await follow(filled, f"/views/{500:026}")
    await post(filled, "/views/start", view=f"{499:026}")
    started = await follow(filled, "/views/start")
    listed = read_addresses(await filled.read("/reports?by=affiliate"))

    assert len(read_addresses(page)) == 400
    assert "zz own" in page
    assert "and 101 more that others share" in page
    assert opened == (303, "/reports?by=code&page=500")
    assert started == (303, f"/views/{499:026}")
    assert (f"/views/{499:026}" in listed, len(listed)) == (True, 400)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": " "},
        {"name": "x" * 101},
        {"name": "a\0"},
        {"path": "//elsewhere.example"},
        {"path": "/users"},
        {"query": "x" * 8001},
        {"query": "a\nb"},
        {"query": "a\0"},
    ],
)
async def test_what_cannot_be_saved_is_refused(filled: Console, fields: dict[str, str]) -> None:
    assert (await post(filled, "/views", **({"name": "one", "path": "/reports", "query": ""} | fields)))[0] == 422


async def test_reports_that_begin_with_the_usual_view_are_shown_and_do_not_lead_in_a_circle(filled: Console) -> None:
    await post(filled, "/views", name="Start", path="/reports", query="", is_start="1")

    assert (await follow(filled, "/reports"))[0] == 200


async def test_what_is_no_view_cannot_be_begun_with(filled: Console) -> None:
    assert [(await post(filled, "/views/start", view=view))[0] for view in ("a\nb", "../users", "é")] == [404] * 3


async def test_a_form_without_its_token_changes_nothing(filled: Console) -> None:
    async with filled.client.post("/views", data={"name": "x", "path": "/reports", "query": ""}) as response:
        assert response.status == 403
    assert read_addresses(await filled.read("/reports?by=code")) == []


@pytest.mark.parametrize(
    "query", ["address=5b7c0ffee", "network=5b7c", "range=7d&before=01KAT301V8C3Q9GZ2F5B7N4M6P", "%61ddress=5b7c"]
)
async def test_a_view_of_one_visitor_is_for_who_saves_it_alone(
    filled: Console, tables: asyncpg.Connection, query: str
) -> None:
    shared = await post(filled, "/views", name="Who", path="/clicks", query=query, is_shared="1")
    own = await post(filled, "/views", name="Who", path="/clicks", query=query)

    assert (shared, own) == ((422, ""), (303, f"/clicks?{query}"))
    assert await tables.fetchval("SELECT count(*) FROM saved_views WHERE is_shared") == 0


async def test_a_link_keeps_no_value_that_names_a_visitor(filled: Console, tables: asyncpg.Connection) -> None:
    fields = {"name": "Ann", "path": "/reports", "query": "by=code&address=5b7c0ffee", "days": "7"}
    await post(filled, "/shares", **fields)

    assert await tables.fetchval("SELECT query FROM share_links") == "by=code&address=hidden"
