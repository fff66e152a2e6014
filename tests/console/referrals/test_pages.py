"""Programs, affiliates and codes on real tables: what is changed is in force, logged, and overwrites nobody."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from referrals.lookup.answers import Found
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.lookup.lookup import Lookup
from referrals.metrics import LookupMetrics
from schemas import Bot
from tests.console.api.test_referrals import send
from tests.console.builders import count_stored, enriched_click, store
from tests.console.running import Console
from tests.referrals.builders import PATIENT, get_signer, unique_prefix
from tests.waiting import eventually

pytestmark = pytest.mark.servers

IMAGE = "<img src=x onerror=alert(1)>"
FILL = f"""
    INSERT INTO programs (id, name, status, target_url)
        VALUES ('bikes', 'Bikes', 'active', 'https://shop.example/?click={{click_token}}');
    INSERT INTO affiliates (id, name, status) VALUES ('ann', '{IMAGE}', 'active'), ('bob', 'Bob', 'active');
    INSERT INTO referral_codes (code, affiliate_id, program_id, status) VALUES
        ('one', 'ann', 'bikes', 'active'), ('two', 'ann', 'bikes', 'active'), ('three', 'bob', 'bikes', 'active');
"""


@pytest.fixture
async def filled(tables_console: Console, tables: asyncpg.Connection) -> Console:
    await tables.execute(FILL)
    return tables_console


async def post(console: Console, path: str, **fields: str) -> tuple[int, str, str]:
    """Send a form; give status, Location and page."""
    fields |= {"csrf": await console.read_csrf()}
    async with console.client.post(path, data=fields, allow_redirects=False) as response:
        return response.status, response.headers.get("Location", ""), await response.text()


async def read_log(tables: asyncpg.Connection) -> list[tuple[str, str, str, Any, Any]]:
    rows = await tables.fetch(
        "SELECT actor_name, action, subject, before, after FROM audit_log"
        " WHERE action ~ '^(program|affiliate|code)[.]' ORDER BY id"
    )
    return [
        (*list(row.values())[:3], *(None if text is None else json.loads(text) for text in (row[3], row[4])))
        for row in rows
    ]


async def read_version(console: Console, path: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', await console.read(path))
    assert found
    return found[1]


async def test_the_list_counts_peoples_clicks_as_the_rows_do(filled: Console, tables: asyncpg.Connection) -> None:
    now = datetime.now(UTC)
    clicks = [
        enriched_click(now - timedelta(days=day, minutes=5), 10 * day + number, code="one", affiliate_id="ann")
        for day in (0, 2, 9)
        for number in range(3)
    ]
    bot = enriched_click(now, 99, code="one", bot=Bot(is_bot=True, reasons=["http_library"], rules="1"))
    await store(tables, [*clicks, bot])
    await count_stored(tables)
    await tables.execute("UPDATE rollup_state SET zone = 'Etc/UTC'")
    page = await filled.read("/codes")

    assert "Clicks of people in the last 7 days, Etc/UTC: no bots" in page
    assert "<small>people, Etc/UTC</small>" in await filled.read("/codes/one")
    # Of 3 days with 3 clicks each, 2 days are among the last 7.
    assert "people&#39;s clicks of each of the last 7 days: 0, 0, 0, 0, 3, 0, 3" in page
    assert "1 to 3 of 3" in page
    assert IMAGE not in await filled.read("/affiliates")


async def test_a_program_is_made_changed_and_paused_and_each_change_is_logged(
    filled: Console, tables: asyncpg.Connection
) -> None:
    status, location, _ = await post(
        filled, "/programs", name="Hats", id="hats", target_url="https://hats.example/", cookie_window_days="30",
        unique_window_s="86400", privacy="full", privacy_gpc="no_cookie", privacy_dnt="no_cookie", limit_policy="flag",
        pass_query="none", cookie_policy="last", unique_basis="address", note="new this year",
    )  # fmt: skip
    version = await read_version(filled, "/programs/hats/edit")
    saved = await post(
        filled, "/programs/hats/edit", version=version, name="Hats & caps", target_url="https://hats.example/",
        note="new this year",
    )  # fmt: skip
    paused = await post(filled, "/programs/hats/status", status="paused")

    assert (status, location) == (303, "/programs/hats?said=added")
    assert (saved[:2], paused[:2]) == ((303, "/programs/hats?said=saved"), (303, "/programs/hats?said=paused"))
    entries = await read_log(tables)
    assert [entry[:3] for entry in entries] == [
        ("Owner", "program.add", "program hats"),
        ("Owner", "program.change", "program hats"),
        ("Owner", "program.change", "program hats"),
    ]
    assert entries[0][4]["note"] == "new this year"
    assert entries[1][3:] == ({"name": "Hats"}, {"name": "Hats & caps"})
    assert entries[2][3:] == ({"status": "active"}, {"status": "paused"})


async def test_who_is_second_gets_409_and_the_difference_and_overwrites_nothing(
    filled: Console, tables: asyncpg.Connection
) -> None:
    version = await read_version(filled, "/programs/bikes/edit")
    fields = {"target_url": "https://shop.example/", "version": version}
    first = await post(filled, "/programs/bikes/edit", name="First", **fields)
    second = await post(filled, "/programs/bikes/edit", name="Second", **fields)
    name = await tables.fetchval("SELECT name FROM programs")
    again = await read_version(filled, "/programs/bikes/edit")
    third = await post(filled, "/programs/bikes/edit", name="Second", **fields | {"version": again})

    assert (first[0], second[0], name) == (303, 409, "First")
    assert re.search(
        r"Name</th><td class=\"wrap\"><bdi>First</bdi></td><td class=\"wrap\"><bdi>Second</bdi>", second[2]
    )
    assert (third[0], await tables.fetchval("SELECT name FROM programs")) == (303, "Second")


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"target_url": "javascript:alert(1)"}, "target_url", "a target starts with http:// or https://"),
        ({"cookie_window_days": "401"}, "cookie_window_days", "a cookie window must be 1 to 400 days"),
        ({"cookie_window_days": "a month"}, "cookie_window_days", "this must be a whole number"),
        ({"name": ""}, "name", "a program&#39;s name must be 1 to 200 characters"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    filled: Console, fields: dict[str, str], field: str, reason: str
) -> None:
    version = await read_version(filled, "/programs/bikes/edit")
    known = {"name": "Bikes", "target_url": "https://shop.example/", "version": version}
    status, _, page = await post(filled, "/programs/bikes/edit", **known | fields)

    assert status == 422
    assert re.search(rf'id="p-{field}">[^<]*{re.escape(reason)}', page)


async def test_a_change_is_in_force_within_a_second(filled: Console, database_url: str) -> None:
    settings = LookupSettings(
        database_url=database_url, redis_url=None, get_signer=get_signer, redis_prefix=unique_prefix(), **PATIENT
    )
    async with open_lookup(settings, LookupMetrics()) as lookup:
        await lookup.find("one")
        await eventually(lambda: asyncio.sleep(0, lookup.subscriber.is_following))
        await post(filled, "/codes/one/status", status="paused")
        await eventually(lambda: is_paused(lookup))


async def is_paused(lookup: Lookup) -> bool:
    found = await lookup.find("one")
    return isinstance(found, Found) and found.code.status == "paused"


async def test_many_are_changed_together_and_failures_are_listed(filled: Console, tables: asyncpg.Connection) -> None:
    asked = await post(filled, "/codes/actions/bulk", status="paused", all="1", affiliate="ann")
    nothing_yet = await tables.fetchval("SELECT count(*) FROM referral_codes WHERE status = 'paused'")
    done = await post(filled, "/codes/actions/bulk", status="paused", all="1", affiliate="ann", sure="1")
    moved = await post(filled, "/codes/actions/bulk", affiliate_id="nobody", id="three", sure="1")

    assert (re.findall(r"<h1>(.*)</h1>", asked[2]), nothing_yet) == (["Pause 2 codes"], 0)
    assert "2 changed, in force everywhere within a second" in done[2]
    assert await tables.fetchval(
        "SELECT array_agg(code ORDER BY code) FROM referral_codes WHERE status = 'paused'"
    ) == [
        "one",
        "two",
    ]
    assert "0 changed" in moved[2]
    assert "there is no affiliate with that id" in moved[2]
    assert [entry[2] for entry in await read_log(tables)] == ["code one", "code two"]


FAIL_AT_140 = """
    CREATE FUNCTION fail_at_140() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER fail BEFORE UPDATE ON referral_codes FOR EACH ROW WHEN (NEW.code = 'many-140')
        EXECUTE FUNCTION fail_at_140();
"""


async def test_when_postgresql_goes_away_half_way_the_page_says_how_many_are_left(
    filled: Console, tables: asyncpg.Connection
) -> None:
    await tables.execute(
        "INSERT INTO referral_codes (code, affiliate_id, program_id, status)"
        " SELECT 'many-' || to_char(number, 'fm000'), 'bob', 'bikes', 'active' FROM generate_series(1, 150) AS number"
    )
    await tables.execute(FAIL_AT_140)
    status, _, page = await post(filled, "/codes/actions/bulk", status="paused", all="1", q="many-", sure="1")

    assert (status, "100 changed, in force" in page) == (200, True)
    assert "PostgreSQL does not answer: the last 50 are probably not changed." in page
    assert await tables.fetchval("SELECT count(*) FROM referral_codes WHERE status = 'paused'") == 100


async def test_codes_are_added_while_their_program_is_changed(filled: Console) -> None:
    async def add(number: int) -> int:
        body = {"code": f"new-{number}", "affiliate_id": "ann", "program_id": "bikes"}
        return (await send(filled, "POST", "codes", body))[0]

    async def rename(number: int) -> int:
        return (await send(filled, "PATCH", "programs/bikes", {"name": f"Bikes {number}"}))[0]

    statuses = [await asyncio.gather(add(number), rename(number)) for number in range(60)]

    assert statuses == [[201, 200]] * 60


async def test_the_page_of_a_code_shows_what_a_visitor_gets(filled: Console) -> None:
    page = await filled.read("/codes/one")

    assert "https://go.shop.example/ref/one" in page
    assert "https://shop.example/?click=TOKEN" in page
    assert "__Host-cr-bikes, 30 days, this host only" in page
    assert (await filled.read("/codes/one/qr.svg")).startswith("<svg")


@pytest.mark.parametrize("path", ["/codes/nobody", "/programs/a%00b", "/affiliates/x/edit", "/codes/nobody/qr.svg"])
async def test_what_is_not_there_is_404(filled: Console, path: str) -> None:
    async with filled.client.get(path) as response:
        assert response.status == 404


async def test_who_may_not_edit_sees_no_button_and_changes_nothing(filled: Console, tables: asyncpg.Connection) -> None:
    filled.client.session.cookie_jar.clear()
    await filled.log_in("viewer")
    page = await filled.read("/codes/one")
    status, *_ = await post(filled, "/codes/one/status", status="paused")

    assert (">Edit<" in page, "/codes/one/status" in page, status) == (False, False, 403)
    assert await tables.fetchval("SELECT status FROM referral_codes WHERE code = 'one'") == "active"


async def test_a_form_is_previewed_and_nothing_is_saved(filled: Console, tables: asyncpg.Connection) -> None:
    version = await read_version(filled, "/programs/bikes/edit")
    fields = {"name": "Bikes", "version": version, "preview": "1"}
    target = "https://new.example/?c={code}&t={click_token}"
    shown = await post(filled, "/programs/bikes/edit", target_url=target, cookie_domain="shop.example", **fields)
    wrong = await post(filled, "/programs/bikes/edit", target_url="javascript:alert(1)", **fields)
    code = await post(filled, "/codes", code="four", affiliate_id="ann", program_id="bikes", preview="1")
    nobody = await post(filled, "/codes", code="four", affiliate_id="nobody", program_id="bikes", preview="1")

    assert (shown[0], wrong[0], code[0], nobody[0]) == (200, 422, 200, 422)
    assert "https://new.example/?c=code&amp;t=TOKEN" in shown[2]
    assert "30 days, shop.example and all hosts below it" in shown[2]
    assert "https://shop.example/?click=TOKEN" in code[2]
    assert re.search(r'id="p-affiliate_id">[^<]*there is no affiliate with that id', nobody[2])
    assert await tables.fetchval("SELECT target_url FROM programs") == "https://shop.example/?click={click_token}"
    assert await tables.fetchval("SELECT count(*) FROM referral_codes") == 3


async def test_a_note_that_somebody_else_wrote_meanwhile_is_not_overwritten(
    filled: Console, tables: asyncpg.Connection
) -> None:
    page = await filled.read("/affiliates/bob/edit")
    seen = dict(re.findall(r'name="(version|note_digest)" value="(\w*)"', page))
    first = await post(filled, "/affiliates/bob/edit", name="Bob", note="from the fair", **seen)
    second = await post(filled, "/affiliates/bob/edit", name="Bob", note="calls on Mondays", **seen)

    assert (first[0], second[0]) == (303, 409)
    assert re.search(r"Note</th><td class=\"wrap\"><bdi>from the fair</bdi></td>", second[2])
    assert await tables.fetchval("SELECT note FROM referral_notes") == "from the fair"


async def test_codes_are_moved_to_another_affiliate_together(filled: Console, tables: asyncpg.Connection) -> None:
    asked = await post(filled, "/codes/actions/bulk", affiliate_id="bob", all="1", affiliate="ann")
    done = await post(filled, "/codes/actions/bulk", affiliate_id="bob", all="1", affiliate="ann", sure="1")

    assert re.findall(r"<h1>(.*)</h1>", asked[2]) == ["Move 2 codes"]
    assert "2 changed" in done[2]
    assert await tables.fetchval("SELECT array_agg(DISTINCT affiliate_id) FROM referral_codes") == ["bob"]


async def test_what_a_pause_stops_is_said_before(filled: Console, tables: asyncpg.Connection) -> None:
    now = datetime.now(UTC)
    clicks = [enriched_click(now, number, code="one", affiliate_id="ann", program_id="bikes") for number in range(4)]
    await store(tables, clicks)
    sentence = "Pausing stops 3 codes of 2 affiliates; 4 clicks of people in the last 7 days."

    assert sentence in await filled.read("/programs/bikes")
    assert sentence in (await post(filled, "/programs/actions/bulk", id="bikes", status="paused"))[2]


async def test_one_of_ten_thousand_codes_is_found_by_each_of_its_names(
    filled: Console, tables: asyncpg.Connection
) -> None:
    await tables.execute(
        "INSERT INTO referral_codes (code, affiliate_id, program_id, status)"
        " SELECT 'many-' || number, 'bob', 'bikes', 'active' FROM generate_series(1, 10000) AS number"
    )

    assert "1 to 50 of 10,003" in await filled.read("/codes")
    assert "1 to 1 of 1<" in await filled.read("/codes?q=many-7777")
    assert "1 to 50 of 10,001" in await filled.read("/codes?q=bob+bik")
    assert "10,001 to 10,003 of 10,003" in await filled.read("/codes?page=201")


async def test_without_the_sessions_token_nothing_is_changed(filled: Console, tables: asyncpg.Connection) -> None:
    for path in ("/codes/one/status", "/codes/actions/bulk", "/codes/one/edit", "/codes"):
        async with filled.client.post(path, data={"status": "paused", "id": "one", "sure": "1"}) as response:
            assert response.status == 403
    assert await tables.fetchval("SELECT count(*) FROM referral_codes WHERE status = 'active'") == 3
