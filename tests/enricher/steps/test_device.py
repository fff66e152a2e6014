import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import Device
from tests.enricher.builders import IPHONE, lookups
from tests.enricher.steps.test_bots import lines
from tests.examples import examples


def read(user_agent: str | None) -> Device:
    return lookups().read_device(user_agent)


@pytest.mark.parametrize(("kind", "os", "browser", "user_agent"), lines("people.txt"))
def test_a_device_of_today_is_known_for_what_it_is(kind: str, os: str, browser: str, user_agent: str) -> None:
    device = read(user_agent)

    assert (device.type, device.os or "-", device.browser or "-") == (kind, os, browser)


def test_a_device_is_read_in_full() -> None:
    pixel = (
        "Mozilla/5.0 (Linux; Android 15; Pixel 9 Build/AP3A.240617.008; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Version/4.0 Chrome/142.0.7444.102 Mobile Safari/537.36"
    )

    assert read(pixel) == Device(
        type="mobile",
        brand="Google",
        model="Pixel 9",
        os="Android",
        os_version="15",
        browser="Chrome Mobile WebView",
        browser_version="142.0.7444",
        parser=read(None).parser,
    )


def test_the_parser_and_its_rules_are_named() -> None:
    assert (read(IPHONE).parser or "").startswith("ua-parser 1.")
    assert "rules 20" in (read(IPHONE).parser or "")


def test_chrome_on_android_hides_the_model_and_none_is_made_up() -> None:
    reduced = (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142 Mobile Safari/537.36"
    )
    device = read(reduced)

    assert (device.brand, device.model) == (None, None)


@pytest.mark.parametrize("nothing", [None, "", "-", "x"])
def test_of_nothing_nothing_is_said(nothing: str | None) -> None:
    assert read(nothing) == Device(type="other", parser=read(IPHONE).parser)


@pytest.mark.parametrize(
    "hostile",
    [
        "BlackBerry" + "9" * 4301,
        "Version/" + "9" * 5000 + ".1 Safari/" + "9" * 5000,
        "Firefox/²³.٣ Windows NT ٣",
        "Mozilla/5.0 (" * 600,
        "(" * 8100,
        "Android " + ";" * 8000 + " Build/",
        "iPhone OS " + "1_" * 4000,
    ],
    ids=lambda text: text[:12],
)
def test_a_hostile_text_is_read_quickly_and_fits_the_contract(hostile: str) -> None:
    read("warm")
    started = time.thread_time()
    device = read(hostile)
    took = time.thread_time() - started

    assert took < 0.1  # what backtracks takes minutes
    texts = (device.brand, device.model, device.os, device.os_version, device.browser, device.browser_version)
    assert all(len(text) <= 128 for text in texts if text)


@examples(300)
@given(st.text(max_size=3000))
def test_no_text_raises(user_agent: str) -> None:
    assert read(user_agent).type in ("desktop", "mobile", "tablet", "other")
