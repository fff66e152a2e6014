"""Records to lines."""

from datetime import timedelta

from console.clicks.lines import make_line, merge_lines
from schemas import Bot, Device, Geo, Referrer
from storage.read.records import StoredClick, StoredRejection
from tests.console.builders import IPHONE, NOW, enriched_click, handled, rejected_click


def test_a_click_of_a_person_is_one_line() -> None:
    line = make_line(StoredClick(enriched_click(), NOW))

    assert (line.tone, line.badge, line.status) == ("accepted", "Accepted", 302)
    assert (line.code, line.owner) == ("spring-26", "aff_lisbon · prg_shoes")
    assert (line.source, line.source_detail) == ("Google", "search")
    assert (line.device, line.device_detail) == ("Mobile Safari 26 · iOS", "Apple iPhone")
    assert (line.country, line.place, line.took) == ("PT", "Lisbon", "38 µs")


def test_a_bot_is_told_by_its_reasons() -> None:
    bot = Bot(is_bot=True, reasons=["crawler_user_agent", "no_user_agent"])
    line = make_line(StoredClick(enriched_click(bot=bot), NOW))

    assert (line.tone, line.badge, line.badge_title) == ("bot", "Bot", "crawler user agent, no user agent")


def test_a_prefetch_is_neither_a_visit_nor_a_bot() -> None:
    line = make_line(StoredClick(enriched_click(prefetch=True), NOW))
    assert (line.tone, line.filterable.visitors) == ("notice", "prefetches")
    robot = make_line(StoredClick(enriched_click(prefetch=True, bot=Bot(is_bot=True, reasons=["x"], rules="1")), NOW))
    assert (robot.tone, robot.filterable.visitors) == ("bot", "bots")


def test_what_a_program_fetches_without_showing_it_is_neither_a_visit_nor_a_bot() -> None:
    app = Bot(is_bot=False, reasons=[], kind="app_fetch")
    line = make_line(StoredClick(enriched_click(bot=app), NOW))

    assert (line.tone, line.badge, line.filterable.visitors) == ("notice", "App fetch", "app_fetches")


def test_a_test_says_so_whoever_made_it() -> None:
    bot = Bot(is_bot=True, reasons=["http_library"])
    lines = [make_line(StoredClick(enriched_click(is_test=True, **changes), NOW)) for changes in ({}, {"bot": bot})]

    assert [(line.tone, line.badge, line.filterable.visitors) for line in lines] == [("test", "Test", "tests")] * 2
    assert "in no total" in lines[0].badge_title


def test_a_click_of_which_nothing_is_known_is_still_a_line() -> None:
    click = enriched_click(
        user_agent=None,
        geo=Geo(status="no_database"),
        device=Device(type="other"),
        referrer=Referrer(url=None, host=None, medium="direct"),
        handled=handled(steps_us={}),
    )
    line = make_line(StoredClick(click, NOW))

    assert (line.source, line.device, line.device_detail) == ("", "No user agent", "other")
    assert (line.country, line.place, line.took) == ("", "no database", "")


def test_a_rejection_is_told_by_its_number() -> None:
    line = make_line(StoredRejection(rejected_click(), NOW))

    assert (line.tone, line.badge, line.badge_title, line.status) == ("rejected", "R102", "Unknown code", 404)
    assert (line.code, line.owner, line.source) == ("sprin-26", "Unknown code", "blog.example")


def test_a_rejection_shows_a_device_as_a_click_does() -> None:
    click = make_line(StoredClick(enriched_click(), NOW))
    rejection = make_line(StoredRejection(rejected_click(user_agent=IPHONE), NOW))
    others = [
        make_line(StoredRejection(rejected_click(user_agent=agent), NOW)) for agent in ("curl/8.5.0", "no such", None)
    ]

    assert (rejection.device, rejection.device_detail) == (click.device, click.device_detail)
    assert [other.device for other in others] == ["curl 8", "no such", "No user agent"]


def test_a_reason_of_a_newer_version_is_still_a_line() -> None:
    line = make_line(StoredRejection(rejected_click(reason="R999", referrer="not a url"), NOW))

    assert (line.badge, line.source) == ("R999", "not a url")


def test_lines_of_table_and_stream_are_merged_newest_first_and_each_once() -> None:
    clicks = [StoredClick(enriched_click(NOW + timedelta(seconds=number), number), NOW) for number in range(5)]
    first, second, third, fourth, fifth = map(make_line, clicks)

    merged = merge_lines([third, second, first], [third, fourth, fifth], limit=4)

    assert merged == [fifth, fourth, third, second]
