"""The page of reports and its CSV: the numbers are those of SQL on raw rows, whatever the groups."""

import csv
import io
import re
from datetime import UTC, datetime, time, timedelta
from urllib.parse import quote

import asyncpg
import pytest

from tests.console.reports.world import count_raw
from tests.console.running import Console
from tests.storage.read.asking.world import copy_clicks

pytestmark = pytest.mark.servers

WEEK = timedelta(days=7)
COLUMNS = "columns=people,bots,uniques,bot_rate"


def last_week() -> tuple[datetime, datetime]:
    today = datetime.now(UTC).date()
    monday = datetime.combine(today - timedelta(days=today.weekday()), time(), UTC)
    return monday - WEEK, monday


def custom(begin: datetime, end: datetime) -> str:
    return f"range=custom&from={begin.date()}&to={(end - timedelta(days=1)).date()}"


async def read_csv(console: Console, query: str) -> list[dict[str, str]]:
    async with console.client.get(f"/reports.csv?{query}") as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/csv"
        return list(csv.DictReader(io.StringIO(await response.text())))


def read_rows(page: str) -> list[list[str]]:
    """Read the cells of the table's rows and of its totals, without their changes."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page.partition('<table class="data report')[2], re.DOTALL)
    rows = [re.sub(r"<small.*?</small>|<svg.*?</svg>|<title.*?</title>", "", row, flags=re.DOTALL) for row in rows]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[re.sub(r"<[^>]*>", "", cell).strip() for cell in row] for row in cells]


@pytest.mark.parametrize(
    "by",
    [("affiliate",), ("code",), ("program", "affiliate"), ("country", "device"), ("affiliate", "country", "device")],
)
async def test_each_number_is_what_sql_on_raw_rows_gives(
    filled: Console, tables: asyncpg.Connection, by: tuple[str, ...]
) -> None:
    begin, end = last_week()
    expected = await count_raw(tables, by, begin, end)
    before = await count_raw(tables, by, begin - WEEK, begin)
    lines = await read_csv(filled, f"range=last_week&compare=previous&by={','.join(by)}&{COLUMNS}")

    found = {tuple("" if line[name] == "(unknown)" else line[name] for name in by): line for line in lines}
    assert {keys: tuple(int(line[name]) for name in ("people", "bots", "uniques")) for keys, line in found.items()} == {
        keys: counts for keys, counts in expected.items() if any(counts)
    }
    assert {keys: int(line["people_before"]) for keys, line in found.items()} == {
        keys: before.get(keys, (0,))[0] for keys in found
    }
    assert {line["from_utc"] for line in lines} == {f"{begin:%Y-%m-%dT%H:%M:%SZ}"}
    assert {line["reporting_zone"] for line in lines} == {"UTC"}


@pytest.mark.parametrize("query", ["by=affiliate", "by=affiliate,country&sort=-bot_rate", "by=day&sort=people"])
async def test_the_csv_has_the_rows_of_the_page_in_its_order(filled: Console, query: str) -> None:
    query = f"range=last_week&compare=previous&{query}&{COLUMNS}&rows=500"
    lines = await read_csv(filled, query)
    _, *rows, totals = read_rows(await filled.read(f"/reports?{query}"))

    shown = [(row[-5].replace(",", ""), row[-4].replace(",", "")) for row in rows]
    assert shown == [(line["people"], line["bots"]) for line in lines]
    assert int(totals[-5].replace(",", "")) == sum(int(line["people"]) for line in lines)
    assert totals[0] == f"All {len(lines)} groups"


async def test_pages_are_cut_from_the_same_order_and_have_the_same_totals(filled: Console) -> None:
    query = f"range=last_week&by=code,country,device&sort=people&rows=25&{COLUMNS}"
    lines = await read_csv(filled, query)
    pages = [read_rows(await filled.read(f"/reports?{query}&page={number}")) for number in (1, 2, 3)]

    assert len(lines) > 75
    shown = [(row[0], row[2], row[-5]) for page in pages for row in page[1:-1]]
    assert shown == [(line["code"], line["device"], line["people"]) for line in lines[:75]]
    assert len({tuple(page[-1]) for page in pages}) == 1


async def test_a_group_opens_into_the_next_one_and_adds_up(filled: Console) -> None:
    query = f"range=last_week&by=affiliate,country,device&layout=nested&{COLUMNS}"
    page = await filled.read(f"/reports?{query}&open=aff-1;aff-1,DE")
    _, *rows, _ = read_rows(page)
    names = [re.sub(r"^(Open|Close)\s*[▸▾]\s*", "", row[0]).split("\n")[-1].strip() for row in rows]
    numbers = [int(row[-5].replace(",", "")) for row in rows]
    first, country = (next(at for at, name in enumerate(names) if name.endswith(one)) for one in ("aff-1", "DE"))
    inside = [number for name, number in zip(names, numbers, strict=True) if not name.endswith(tuple("12345"))]

    assert {"mobile", "desktop"} < set(names)
    assert numbers[country] == numbers[country + 1] + numbers[country + 2]
    assert numbers[first] == sum(inside) - numbers[country]


async def test_a_cell_filters_and_the_report_then_has_that_alone(filled: Console) -> None:
    page = await filled.read("/reports?range=last_week&by=affiliate,country")
    address = re.search(r'<a href="(/reports\?[^"]*f\.country=is:DE[^"]*)"', page)
    assert address
    _, *rows, _ = read_rows(await filled.read(address[1].replace("&amp;", "&")))

    assert {row[1] for row in rows} == {"DE"}


async def test_what_was_in_the_range_before_is_in_the_totals(filled: Console, tables: asyncpg.Connection) -> None:
    begin, _ = last_week()
    page = await filled.read("/reports?range=last_week&compare=previous&by=affiliate&columns=people")
    before = await count_raw(tables, ("affiliate",), begin - WEEK, begin)
    totals = page.partition("<tfoot>")[2]

    assert f">{sum(counts[0] for counts in before.values()):,}<" in totals


async def test_the_file_is_named_by_its_range_and_filters(filled: Console) -> None:
    begin, end = last_week()
    query = f"{custom(begin, end)}&by=affiliate,code&f.country=is:DE,PT&f.code=not:{quote('a/..')}"
    async with filled.client.get(f"/reports.csv?{query}") as response:
        name = response.headers["Content-Disposition"]

    days = f"{begin.date()}_to_{(end - timedelta(days=1)).date()}"
    assert name == f'attachment; filename="clickrail_affiliate-code_{days}_country-DE+PT_code-not-a-...csv"'


NONSENSE = (
    "by=%00",
    "by=affiliate,nonsense",
    "by=country,device,os,browser",
    "by=day,hour",
    "by=minute&range=all",
    "columns=%00,bots",
    "columns=",
    f"columns={'people,' * 1000}",
    "sort=--people",
    "sort=-%00",
    "page=99999999999999",
    "page=2000&rows=500",
    "rows=-1",
    "layout=nested&by=country,device&open=%00",
    "layout=nested&by=country,device&open=%ED%A0%80",
    "layout=nested&by=country,device&open=" + "%3B".join(map(str, range(500))),
    "layout=nested&by=day,device&open=2026-11-11",
    "f.code=is:%00",
    "f.affiliate=is:" + "%F0%9F%98%80" * 200,
    "range=custom&from=0001-01-01&to=9999-12-31",
    "compare=1970-01-01..1970-01-02",
    "compare=previous&range=custom&from=1970-01-02&to=1970-01-02",
    "compare=year&range=all&by=month",
    "open=%FF",
    "q=%00",
)


async def test_nonsense_is_answered_and_never_breaks(filled: Console) -> None:
    statuses = {}
    for query in NONSENSE:
        for path in ("/reports", "/reports.csv"):
            async with filled.client.get(f"{path}?{query}") as response:
                await response.read()
                statuses[path, query] = response.status

    assert {one: status for one, status in statuses.items() if status >= 500} == {}
    assert {status for (path, _), status in statuses.items() if path == "/reports"} == {200}


async def test_a_report_that_reads_too_much_says_so_and_what_to_do(filled: Console, tables: asyncpg.Connection) -> None:
    await copy_clicks(tables, 9)
    query = "range=28d&by=affiliate,country,device"
    page = await filled.read(f"/reports?{query}")
    nested = await filled.read(f"/reports?{query}&layout=nested")
    async with filled.client.get(f"/reports.csv?{query}") as response:
        status, text = response.status, await response.text()

    assert "This report reads too much for a page" in page
    assert "layout=nested" in page
    assert read_rows(nested)[-1][0] == "All 5 groups"
    assert (status, "clickrail export clicks" in text) == (422, True)


async def test_without_clicks_the_page_says_so_and_filters_can_be_removed(filled: Console) -> None:
    empty = await filled.read("/reports?range=custom&from=2026-01-01&to=2026-01-01")
    filtered = await filled.read("/reports?f.affiliate=is:nobody")

    assert "No clicks in this range" in empty
    assert "No clicks with these filters" in filtered
    assert "There is no such page" in await filled.read("/reports?page=9")


async def test_a_number_leads_to_the_clicks_that_it_counts(filled: Console) -> None:
    page = await filled.read("/reports?range=last_week&by=affiliate&columns=bots")
    found = re.search(r'<td class="number"[^>]*><a href="([^"]+)" title="The clicks behind it">([\d,]+)</a>', page)
    assert found
    clicks = await filled.read(found[1].replace("&amp;", "&"))

    assert found[1].startswith("/clicks?range=last_week&amp;f.affiliate=is:aff-")
    assert found[1].endswith("&amp;measure=bots")
    assert clicks.count('class="line tone') == int(found[2])


async def test_who_had_clicks_before_and_has_none_now_is_named(filled: Console, tables: asyncpg.Connection) -> None:
    begin, end = last_week()
    now = await count_raw(tables, ("code",), begin, end)
    hidden = "f.country=is:PT&f.device=is:desktop&f.os=is:iOS&f.program=is:hats"
    query = f"range=last_week&compare=previous&by=code&{hidden}"
    page = await filled.read(f"/reports?{query}")
    named = re.findall(r'<li><a href="[^"]*f\.code=is:([^"&]+)[^"]*"><bdi>', page.partition('class="quiet-ones"')[2])
    rows = await tables.fetch(
        "SELECT DISTINCT code FROM clicks WHERE geo_country = 'PT' AND device_type = 'desktop' AND device_os = 'iOS'"
        " AND program_id = 'hats' AND clicked_at >= $1 AND clicked_at < $2 EXCEPT"
        " SELECT code FROM clicks WHERE geo_country = 'PT' AND device_type = 'desktop' AND device_os = 'iOS'"
        " AND program_id = 'hats' AND clicked_at >= $2 AND clicked_at < $3",
        begin - WEEK,
        begin,
        end,
    )

    assert len(now) == 10
    assert sorted(named) == sorted(row[0] for row in rows)
    assert named


async def test_where_too_much_would_be_read_for_them_the_page_says_that_they_are_not_listed(
    filled: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "Not listed: who had clicks in the range to compare with and has none in this one."
    address = "/reports?range=last_week&compare=previous&by=affiliate"
    as_it_is = await filled.read(address)
    monkeypatch.setattr("console.reports.reading.MOST_LOOKED_THROUGH", 0)
    limited, alone = await filled.read(address), await filled.read("/reports?range=last_week&by=affiliate")

    assert [said in page for page in (as_it_is, limited, alone)] == [False, True, False]
