import re

import pytest

from enricher.steps.agent import load_agent_reader
from simulate.browsers import BROWSERS, Browser, find_browser, write_brands
from simulate.machines import CRAWLERS, PREVIEWS

READ_AGENT = load_agent_reader()


def header(browser: Browser, name: str) -> str | None:
    return dict(browser.headers).get(name)


@pytest.mark.parametrize(
    ("version", "brands"),
    [
        (138, '"Not)A;Brand";v="8", "Chromium";v="138", "Google Chrome";v="138"'),
        (140, '"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"'),
        (141, '"Google Chrome";v="141", "Not?A_Brand";v="8", "Chromium";v="141"'),
        (142, '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"'),
    ],
)
def test_brands_are_written_as_chrome_wrote_them(version: int, brands: str) -> None:
    assert write_brands("Google Chrome", str(version), version) == brands


def test_there_are_many_browsers() -> None:
    assert len({header(browser, "User-Agent") for browser in BROWSERS}) > 80


def test_client_hints_match_the_user_agent() -> None:
    for browser in BROWSERS:
        user_agent, brands = header(browser, "User-Agent") or "", header(browser, "Sec-CH-UA")
        assert (brands is None) == (browser.engine != "chromium")
        if brands is not None:
            version = re.search(r"Chrome/(\d+)", user_agent)
            assert version is not None
            assert f'"Chromium";v="{version[1]}"' in brands
            assert (header(browser, "Sec-CH-UA-Mobile") == "?1") == ("Mobile" in user_agent)


def test_a_browser_is_found_by_parts_of_its_user_agent() -> None:
    found = find_browser("Windows NT 10.0", "Chrome/150", without="Edg/")
    assert "Chrome/150" in found.user_agent
    assert "Edg/" not in found.user_agent
    with pytest.raises(StopIteration):
        find_browser("Netscape")


def test_no_place_is_left_unfilled() -> None:
    assert not [browser for browser in BROWSERS if "{" in (header(browser, "User-Agent") or "")]


def test_browsers_are_taken_for_people_and_known_by_name() -> None:
    for browser in BROWSERS:
        user_agent = header(browser, "User-Agent")
        agent = READ_AGENT(user_agent, None)
        assert agent.bot.kind == "person", user_agent
        assert agent.device.type in {"desktop", "mobile", "tablet"}, user_agent
        assert agent.device.browser, user_agent


def test_machines_are_taken_for_machines() -> None:
    for machine in (*CRAWLERS, *PREVIEWS):
        assert READ_AGENT(machine.user_agent, None).bot.is_bot, machine.user_agent
