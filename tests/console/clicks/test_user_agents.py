"""What a user agent says, in a few words."""

import pytest

from console.clicks.user_agents import describe_user_agent
from enricher.steps.agent import load_agent_reader
from tests.console.builders import ENDLESS, IMAGE, IPHONE

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0"
PIXEL = f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {CHROME} Mobile Safari/537.36"
EDGE = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/141.0"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (IPHONE, ("Mobile Safari 26 · iOS", "Apple iPhone")),
        (PIXEL, ("Chrome Mobile 141 · Android", "Google Pixel 9")),
        (EDGE, ("Edge 141 · Windows", "")),
        ("curl/8.5.0", ("curl 8", "")),
        ("", ("", "")),
        ("wrong/nothing", ("", "")),
    ],
)
def test_an_agent_is_read_as_people_name_it(user_agent: str, words: tuple[str, str]) -> None:
    assert describe_user_agent(user_agent) == words


@pytest.mark.slow
@pytest.mark.parametrize("user_agent", [IPHONE, PIXEL, EDGE, "curl/8.5.0"])
def test_it_names_the_browser_and_system_that_the_enricher_would(user_agent: str) -> None:
    device = load_agent_reader()(user_agent, None).device
    name, _ = describe_user_agent(user_agent)

    assert (device.browser or "") in name
    assert (device.os or "") in name


@pytest.mark.parametrize("user_agent", [ENDLESS, IMAGE, "BlackBerry" + "9" * 4301, "\udcff\0", "x" * 8000])
def test_no_agent_is_a_reason_to_fail(user_agent: str) -> None:
    assert len(describe_user_agent(user_agent)) == 2
