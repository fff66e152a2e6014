"""The pages, from real tables and without them."""

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import unescape

import asyncpg
import pytest
from aiohttp.test_utils import TestClient

from schemas import Bot, Counts, EnrichedClick, Fraud, Geo, Network, Uniqueness
from storage.days import prepare_days
from storage.engine import SCORES, read_engine
from storage.erasure.erasing import erase
from storage.erasure.request import ErasureRequest
from storage.read.records import StoredClick, StoredRejection
from storage.scored_clicks import ScoredClick
from storage.scores import ScoreWriter
from tests.console.builders import (
    BRACES,
    ENDLESS,
    IMAGE,
    NOW,
    TURNED,
    dead_letter,
    enriched_click,
    rejected_click,
    store,
    ulid_at,
)
from tests.console.running import Console
from tests.console.slow_tables import slow_down

servers = pytest.mark.servers


async def test_without_its_tables_the_console_says_so_and_shows_what_arrives(offline_console: Console) -> None:
    await offline_console.log_in()
    click = StoredClick(enriched_click(), NOW)
    offline_console.environment.broadcast.publish(click)

    page = await offline_console.read("/clicks")
    part = await offline_console.read(f"/parts/clicks/{click.click.click_id}")

    assert "PostgreSQL does not answer" in page
    assert f'id="c-{click.click.click_id}"' in page
    assert "Not in the table yet" in part


@pytest.mark.parametrize(("path", "words"), [("/", "<nav"), ("/errors", "<nav"), ("/parts/overview", "PostgreSQL")])
async def test_a_page_that_needs_the_tables_answers_503_with_a_sentence(
    logged_in_client: TestClient, path: str, words: str
) -> None:
    async with logged_in_client.get(path) as response:
        text = await response.text()

    assert response.status == 503
    assert "PostgreSQL does not answer" in text
    assert words in text


async def test_what_is_no_id_is_explained_without_asking_anybody(logged_in_client: TestClient) -> None:
    async with logged_in_client.get("/clicks/%3Cscript%3Ealert(1)%3C%2Fscript%3E") as response:
        text = await response.text()

    assert response.status == 404
    assert "This is not a click id." in text
    assert "<script>alert" not in text


async def test_an_empty_list_says_what_to_do(offline_console: Console) -> None:
    await offline_console.log_in()
    page = await offline_console.read("/clicks?code=nothing")

    assert "No new clicks" in page


@servers
async def test_the_list_begins_with_what_is_stored_newest_first(console: Console, tables: asyncpg.Connection) -> None:
    older, newer = enriched_click(NOW, 1), enriched_click(NOW + timedelta(seconds=2), 2)
    rejection = rejected_click(NOW + timedelta(seconds=1))
    await store(tables, [newer, older, rejection])

    page = await console.read("/clicks")

    places = [page.index(f'id="c-{ulid}"') for ulid in (newer.click_id, rejection.rejection_id, older.click_id)]
    assert places == sorted(places)


@servers
async def test_the_list_is_filtered_and_goes_back_in_time(console: Console, tables: asyncpg.Connection) -> None:
    clicks = [enriched_click(NOW + timedelta(seconds=number), number) for number in range(150)]
    bot = enriched_click(NOW, 999, bot=Bot(is_bot=True, reasons=["http_library"]), code="robots")
    await store(tables, [*clicks, bot])

    first = await console.read("/clicks")
    second = await console.read(f"/clicks?before={clicks[30].click_id}")
    bots = await console.read("/clicks?visitors=bots")
    nobody = await console.read("/clicks?code=ROBOTS")

    assert first.count('class="line ') == 50
    assert f"/clicks?before={clicks[100].click_id}" in first
    assert second.count('class="line ') == 31
    assert "data-stream" not in second
    assert (bots.count('class="line '), bot.click_id in bots) == (1, True)
    assert "Nothing matches these filters" in nobody


GOES_ON = re.compile(r'Searched back to <time [^>]*>([^<]+ UTC)</time></span> <a class="button" href="([^"]+)"')


async def store_slow_clicks(tables: asyncpg.Connection, count: int) -> list[str]:
    """Store clicks that take longer to search than one page is given, and give their ids, newest first."""
    clicks = [enriched_click(NOW - timedelta(days=number), number) for number in range(count)]
    await store(tables, clicks)
    await slow_down(tables)
    return [click.click_id for click in clicks]


@servers
async def test_a_filter_that_takes_too_long_gives_what_it_found_and_leads_on(
    console: Console, tables: asyncpg.Connection
) -> None:
    ids = await store_slow_clicks(tables, 30)
    path, seen, pages = "/clicks?country=PT", list[str](), 0
    while path:
        page = await console.read(path)
        seen += re.findall(r'id="c-([^"]+)"', page)
        pages += 1
        goes_on = GOES_ON.search(page)
        path = unescape(goes_on[2]) if goes_on else ""

    assert (seen, pages > 1) == (ids, True)
    assert "PostgreSQL took too long" not in page
    assert f'title="{(NOW - timedelta(days=29)).isoformat()}"' in page
    assert "there are no older ones" in page
    assert "Search further back" not in page


@servers
async def test_a_search_that_has_found_nothing_so_far_does_not_say_that_nothing_matches(
    console: Console, tables: asyncpg.Connection
) -> None:
    await store_slow_clicks(tables, 30)

    page = await console.read("/clicks?country=ZZ")
    goes_on = GOES_ON.search(page)

    assert "Nothing found so far" in page
    assert "Nothing matches" not in page
    assert goes_on
    assert goes_on[1].startswith("2026-11-")
    assert unescape(goes_on[2]).startswith("/clicks?f.country=is:ZZ&before=01")


@servers
async def test_what_is_live_but_older_than_the_search_has_come_is_left_to_a_later_page(
    console: Console, tables: asyncpg.Connection
) -> None:
    newest, *_, oldest = await store_slow_clicks(tables, 30)
    for at, number in ((NOW, 0), (NOW - timedelta(days=29), 29)):
        console.environment.broadcast.publish(StoredClick(enriched_click(at, number), NOW))

    page = await console.read("/clicks?country=PT")

    assert [ulid in page for ulid in (newest, oldest)] == [True, False]


@servers
async def test_the_head_of_a_search_is_that_of_its_page(console: Console, tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click()])
    path = "/clicks?visitors=bots"
    async with console.client.get(path) as got, console.client.head(path) as head:
        assert (head.status, head.headers["Content-Type"]) == (200, got.headers["Content-Type"])
        assert await head.read() == b""


@servers
@pytest.mark.parametrize(
    "before",
    ["%00", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "'; DROP TABLE clicks --", "2026-11-24", "0" * 25, "%ff" * 26, "x" * 4000],
)
async def test_a_place_to_go_on_from_that_is_none_is_told_and_ignored(
    console: Console, tables: asyncpg.Connection, before: str
) -> None:
    click = enriched_click()
    await store(tables, [click])
    async with console.client.get(f"/clicks?country=PT&before={before}") as response:
        page = await response.text()

    assert (response.status, click.click_id in page, "not the id of a click" in page) == (200, True, True)


@servers
@pytest.mark.parametrize("before", ["0" * 26, "76EZ91ZPZZZZZZZZZZZZZZZZZZ"])
async def test_a_search_may_go_on_from_the_first_and_the_last_time_there_is(
    console: Console, tables: asyncpg.Connection, before: str
) -> None:
    click = enriched_click()
    await store(tables, [click])
    async with console.client.get(f"/clicks?country=PT&before={before}") as response:
        page = await response.text()

    assert (response.status, click.click_id in page) == (200, before > click.click_id)


async def test_what_of_an_address_is_not_obeyed_is_told_in_the_page(offline_console: Console) -> None:
    await offline_console.log_in()

    assert "Ignored" not in await offline_console.read("/clicks?visitors=bots")
    for path, why in (
        ("/clicks?visitors=wrong", "one of people, bots, app_fetches, prefetches, tests"),
        ("/clicks?bots=1", "no such filter"),
        ("/clicks?code=%00", "contains a character that no value has"),
    ):
        page = await offline_console.read(path)
        assert ("Ignored" in page, why in page) == (True, True)


@servers
async def test_a_click_is_found_by_a_pasted_token_and_in_small_letters(
    console: Console, tables: asyncpg.Connection
) -> None:
    click = enriched_click()
    await store(tables, [click])
    for pasted in (click.click_id.lower(), f"{click.click_id}.t1ABCDEFGHJKMNPQRS", f"%20{click.click_id}%0a"):
        for path in ("/clicks/", "/parts/clicks/"):
            assert f"<code>{click.click_id}</code>" in await console.read(path + pasted)


@servers
async def test_what_no_table_can_hold_is_not_the_databases_fault(console: Console) -> None:
    for path in ("/clicks?code=%00", "/clicks?affiliate=%ff", "/errors?reason=%00", "/dead-letters/%00/1/1"):
        page = await console.read(path)
        assert (path, "PostgreSQL" in page.partition("<main")[2]) == (path, False)
    assert console.environment.database.problem is None


@servers
async def test_a_reason_that_is_none_is_told(console: Console) -> None:
    assert "no such reason" in await console.read("/errors?reason=R999")


@servers
async def test_a_test_is_marked_in_the_list_and_on_its_page_and_can_be_left_out(
    console: Console, tables: asyncpg.Connection
) -> None:
    click, test = enriched_click(NOW, 1), enriched_click(NOW, 2, is_test=True)
    await store(tables, [click, test])

    every, people, tests = [await console.read(f"/clicks?visitors={who}") for who in ("", "people", "tests")]
    page = await console.read(f"/clicks/{test.click_id}")

    assert every.count('class="line tone-test"') == 1
    assert [test.click_id in listed for listed in (every, people, tests)] == [True, False, True]
    assert [click.click_id in listed for listed in (every, people, tests)] == [True, True, False]
    assert ">Test</span>" in page
    assert "A signed test link was followed" in page


@servers
async def test_what_is_stored_and_live_is_listed_once(console: Console, tables: asyncpg.Connection) -> None:
    click = enriched_click()
    await store(tables, [click])
    console.environment.broadcast.publish(StoredClick(click, NOW))

    assert (await console.read("/clicks")).count(f'id="c-{click.click_id}"') == 1


@servers
async def test_once_settled_a_click_is_listed_by_that_verdict_whatever_the_live_stream_had(
    console: Console, tables: asyncpg.Connection
) -> None:
    live = Uniqueness(is_unique=False, basis="address", first_click_id=ulid_at(NOW, 1), status="judged")
    settled = Uniqueness(is_unique=True, basis="cookie", status="judged")
    click = enriched_click(unique=live, fraud=Fraud(score=0, band="clean"))
    await store(tables, [click])
    console.environment.broadcast.publish(StoredClick(click, NOW))
    writer, fraud = ScoreWriter(tables), Fraud(score=70, band="likely_invalid", rules="r", stage="settled")
    scored = [ScoredClick(click.click_id, click.clicked_at, fraud, settled)]
    await writer.prepare(scored)
    await writer.write(scored)

    asked = ("unique=unique", "unique=repeat", "quality=likely_invalid", "quality=clean")
    pages = [await console.read(f"/clicks?{query}") for query in asked]

    assert [f'id="c-{click.click_id}"' in page for page in pages] == [True, False, True, False]


@servers
async def test_a_click_opens_to_all_that_is_known(console: Console, tables: asyncpg.Connection) -> None:
    click = enriched_click()
    await store(tables, [click])

    page = await console.read(f"/clicks/{click.click_id}")

    for words in (
        "What was decided",
        "Ingest&#39;s work",
        "Enricher",
        "go.shop.example/ref/spring-26?sub1=newsletter&amp;utm_source=mail",
        "Lisbon, Lisboa, PT",
        "h1.q0pV2mYb5n8sR4tW7xZ1aC",
        "2026-11-24 09:30:12.500 UTC",
    ):
        assert words in page


@servers
async def test_a_click_says_what_a_guard_took_off_and_what_its_score_would_be(
    console: Console, tables: asyncpg.Connection
) -> None:
    network = Network(status="found", asn=21928, kind="other")
    counts = Counts(client_60s=12, status="judged")
    click = enriched_click(fraud=Fraud(score=0, band="clean", stage="live"), network=network, counts=counts)
    await store(tables, [click])

    page = unescape(await console.read(f"/clicks/{click.click_id}"))

    assert "A guard took these off:" in page
    assert "One browser at one address made 12 clicks within 60s; the limit is 10." in page
    assert "Not counted (shared network): the address belongs to a mobile carrier (T-Mobile USA, AS21928)" in page
    assert "The score would be 40." in page


@servers
async def test_a_rejection_opens_to_its_reason_and_remedy(console: Console, tables: asyncpg.Connection) -> None:
    rejection = rejected_click()
    await store(tables, [rejection])

    page = await console.read(f"/clicks/{rejection.rejection_id}")

    assert "no referral code of that name exists" in page
    assert "<code>clickrail code check sprin-26</code>" in page


@servers
async def test_an_erased_click_says_so_even_if_the_stream_still_has_it(
    console: Console, tables: asyncpg.Connection
) -> None:
    click = enriched_click()
    console.environment.broadcast.publish(StoredClick(click, NOW))
    await store(tables, [click])
    await erase(tables, ErasureRequest("click", click.click_id))

    async with console.client.get(f"/clicks/{click.click_id}") as response:
        text = await response.text()

    assert response.status == 404
    assert "Erased click" in text
    assert "It was erased on 20" in text
    # The row that is left opens, too.
    page = await console.read(f"/clicks/{await tables.fetchval('SELECT click_id FROM clicks')}")
    assert "Not kept, not even as a hash." in page


@servers
async def test_what_was_erased_is_in_no_list_and_in_no_stream_though_it_was_live(
    console: Console, tables: asyncpg.Connection
) -> None:
    click, rejection = enriched_click(NOW, 1), rejected_click(NOW, 2)
    other = enriched_click(NOW, 3, ip_hash=None)
    for event in (StoredClick(click, NOW), StoredRejection(rejection, NOW), StoredClick(other, NOW)):
        console.environment.broadcast.publish(event)
    await store(tables, [click, rejection, other])
    await erase(tables, ErasureRequest("ip_hash", str(click.ip_hash)))

    async with console.client.get("/live/clicks?after=") as response:
        while not (line := (await response.content.readline()).decode()).startswith('data: {"rows"'):
            pass
    by_address = await console.read(f"/clicks?address={click.ip_hash}")
    around = await console.read(f"/clicks?around={click.click_id}")
    pages = [line, by_address, around, await console.read("/clicks")]

    ids = [click.click_id, rejection.rejection_id, other.click_id]
    found = [[f"c-{one}" in page for one in ids] for page in pages]
    assert found == [[False, False, True], [False, False, False], [False, False, True], [False, False, True]]


@servers
async def test_an_erasure_that_is_at_work_does_not_keep_the_list(console: Console, tables: asyncpg.Connection) -> None:
    click = enriched_click()
    console.environment.broadcast.publish(StoredClick(click, NOW))
    async with tables.transaction():
        await tables.execute("LOCK TABLE erased_clicks IN ACCESS EXCLUSIVE MODE")
        page = await console.read("/clicks")

    assert f'id="c-{click.click_id}"' in page
    assert "took too long" not in page


@servers
async def test_an_unknown_id_says_what_it_might_mean(console: Console) -> None:
    async with console.client.get(f"/clicks/{ulid_at(datetime.now(UTC))}") as response:
        text = await response.text()

    assert response.status == 404
    assert "It may still be on its way" in text


@servers
async def test_the_overview_counts_what_came(console: Console, tables: asyncpg.Connection) -> None:
    now = datetime.now(UTC)
    people = [enriched_click(now - timedelta(seconds=1, milliseconds=number), number) for number in range(3)]
    bot = enriched_click(now - timedelta(seconds=2), 9, bot=Bot(is_bot=True, reasons=["http_library"]))
    test = enriched_click(now - timedelta(seconds=4), 10, is_test=True)
    await store(tables, [*people, bot, test, rejected_click(now - timedelta(seconds=3))])

    page = await console.read("/")

    assert '<p class="big">4</p>' in page
    assert "<b>3</b> people" in page
    assert "<b>1</b> bots" in page
    assert "<b>1</b> rejected" in page
    assert 'href="/clicks?f.code=is:spring-26"' in page
    assert 'href="/clicks?f.country=is:PT"' in page
    assert 'href="/clicks?range=today&amp;measure=bots"' in page


@servers
async def test_an_overview_of_nothing_says_what_to_do(console: Console) -> None:
    page = await console.read("/")

    assert "No clicks yet" in page
    assert "https://go.shop.example/ref/" in page


@servers
async def test_errors_are_counted_by_number_and_filtered(console: Console, tables: asyncpg.Connection) -> None:
    now = datetime.now(UTC)
    unknown = [rejected_click(now - timedelta(minutes=number), number) for number in range(1, 4)]
    paused = rejected_click(now, 9, reason="R201", asked="summer", program_id="prg_shoes")
    await store(tables, [*unknown, paused])

    everything = await console.read("/errors")
    only = await console.read("/errors?reason=R201")

    assert everything.count('class="line ') == 4
    assert only.count('class="line ') == 1
    assert "Latest of R201, code paused" in only
    assert "No dead letters" in only
    assert "Rate limiting" in everything
    assert "R301" in everything


@servers
async def test_a_dead_letter_opens_to_its_original_bytes_as_text(console: Console, tables: asyncpg.Connection) -> None:
    await store(tables, [dead_letter(value=b"\xff<script>alert(1)</script>\x00", detail=IMAGE, key=None)])

    errors = await console.read("/errors")
    letter = await console.read("/dead-letters/clicks.raw/3/42")

    assert "/dead-letters/clicks.raw/3/42" in errors
    assert "\ufffd&lt;script&gt;alert(1)&lt;/script&gt;\\u0000" in letter
    assert IMAGE not in errors + letter


@servers
async def test_each_of_two_letters_of_one_place_has_a_page_and_a_place_without_digest_names_both(
    console: Console, tables: asyncpg.Connection
) -> None:
    await store(tables, [dead_letter(NOW, value=b"before"), dead_letter(NOW + timedelta(seconds=1), value=b"after")])
    place = "/dead-letters/clicks.raw/3/42"
    before, after = (f"{place}@{sha256(value).hexdigest()[:8]}" for value in (b"before", b"after"))

    errors, either = await console.read("/errors"), await console.read(place)
    pages = [await console.read(path) for path in (before, after)]

    assert all(f'href="{path}"' in errors for path in (before, after))
    assert f'href="{before}"' in either
    assert [value in page for page, value in zip(pages, (">before<", ">after<"), strict=True)] == [True, True]
    assert not any("Another record" in page for page in pages)
    async with console.client.get(f"{before}/value") as response:
        assert await response.read() == b"before"


@servers
async def test_the_bytes_of_a_dead_letter_are_handed_out_as_a_file_and_never_as_a_page(
    console: Console, tables: asyncpg.Connection
) -> None:
    value = b"\xff<script>alert(1)</script>\x00"
    await store(tables, [dead_letter(value=value)])
    async with console.client.get("/dead-letters/clicks.raw/3/42/value") as response:
        assert (await response.read(), response.content_type) == (value, "application/octet-stream")
        assert response.headers["Content-Disposition"] == 'attachment; filename="clicks.raw-3-42.bin"'


@servers
@pytest.mark.parametrize("path", ["/dead-letters/clicks.raw/3/43", "/dead-letters/x/1/999999999999999999"])
async def test_a_dead_letter_that_is_not_there_is_a_page_that_is_not_there(console: Console, path: str) -> None:
    async with console.client.get(path) as response:
        assert response.status == 404


@servers
async def test_hostile_values_are_text_on_every_page(console: Console, tables: asyncpg.Connection) -> None:
    click = enriched_click(
        user_agent=BRACES,
        query=ENDLESS[:2000],
        sub1=TURNED,
        sub2=IMAGE,
        utm=None,
        geo=Geo(status="found", country=IMAGE, city=TURNED),
    )
    rejection = rejected_click(asked=IMAGE, referrer=IMAGE, user_agent=BRACES)
    await store(tables, [click, rejection])

    pages = "".join([await console.read(path) for path in ("/", "/clicks", f"/clicks/{click.click_id}", "/errors")])

    assert "<img src=x" not in pages
    assert "&lt;img src=x onerror=alert(1)&gt;" in pages
    assert "\u202e" not in pages
    assert "{{7*7}}" in pages


@servers
async def test_tables_that_were_never_made_are_told_apart_from_a_server_that_is_away(
    console: Console, tables: asyncpg.Connection
) -> None:
    await tables.execute("DROP TABLE clicks CASCADE")
    async with console.client.get("/") as response:
        assert response.status == 503
        assert "clickrail migrate" in await response.text()


@servers
async def test_a_rejection_that_only_kafka_has_is_shown_all_the_same(console: Console) -> None:
    rejection = rejected_click()
    console.environment.broadcast.publish(StoredRejection(rejection, NOW))

    assert "Unknown code" in await console.read(f"/clicks/{rejection.rejection_id}")


@servers
async def test_a_click_is_shown_with_each_verdict_and_the_one_that_counts(
    console: Console, tables: asyncpg.Connection
) -> None:
    click = enriched_click(NOW, fraud=Fraud(score=35, band="suspicious", rules="acme 3 abc", stage="live"))
    await store(tables, [click])
    await store_verdicts(tables, click)
    await console.log_in()

    page = await console.read(f"/clicks/{click.click_id}")

    for text in ("87 of 100, likely invalid", "35 of 100, suspicious", "ana: a partner"):
        assert text in page
    assert page.count("(this one counts)") == 1
    assert "Valid, decided by ana." in page
    assert "5 different links were visited within 10 s, from no page; the limit is 3." in page
    assert "known since it was settled" in page


async def store_verdicts(tables: asyncpg.Connection, click: EnrichedClick) -> None:
    """Settle a click as a sweep, and let a person call it valid."""
    day = click.clicked_at.date()
    await prepare_days(tables, await read_engine(tables), [day], SCORES)
    signals = '[{"name": "link_sweep", "weight": 0.8, "value": 5.0, "limit": 3.0, "detail": null}]'
    await tables.execute(
        "INSERT INTO click_scores (click_id, clicked_at, rules, stage, score, band, ivt_class, signals)"
        " VALUES ($1, $2, 'acme 3 abc', 'settled', 87, 'likely_invalid', 'sivt', $3)",
        click.click_id,
        click.clicked_at,
        signals,
    )
    await tables.execute(
        "INSERT INTO click_verdicts (click_id, clicked_at, verdict, why, who) VALUES ($1, $2, 'valid', $3, 'ana')",
        click.click_id,
        click.clicked_at,
        "a partner's test",
    )
