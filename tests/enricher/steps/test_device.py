import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import ClientHints, Device
from tests.enricher.agents.examples import DeviceExample, read_devices, read_rows
from tests.enricher.builders import IPHONE, lookups
from tests.enricher.steps.test_bots import lines
from tests.examples import examples

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36"


def read(user_agent: str | None, hints: ClientHints | None = None) -> Device:
    return lookups().read_agent(user_agent, hints).device


@pytest.mark.parametrize(("kind", "os", "browser", "user_agent"), lines("people.txt"))
def test_a_device_of_today_is_known_for_what_it_is(kind: str, os: str, browser: str, user_agent: str) -> None:
    device = read(user_agent)

    assert (device.type, device.os or "-", device.browser or "-") == (kind, os, browser)


@pytest.mark.parametrize("example", read_devices("devices.txt"), ids=lambda example: example.group)
def test_a_device_is_of_its_type(example: DeviceExample) -> None:
    device = read(example.user_agent, example.hints)

    assert (device.type, device.os if example.system != "-" else "-") == (example.type, example.system)


@pytest.mark.parametrize(("kind", "model"), read_rows("models.txt"))
def test_a_model_that_says_mobile_is_of_its_type(kind: str, model: str) -> None:
    assert read(f"Mozilla/5.0 (Linux; Android 9; {model}) {CHROME} Mobile Safari/537.36").type == kind


def test_the_devices_that_were_kept_aside_are_of_their_type() -> None:
    examples = read_devices("devices_held_out.txt")

    assert [row for row in examples if read(row.user_agent, row.hints).type != row.type] == []


@pytest.mark.parametrize(
    ("version", "windows"),
    [('"15.0.0"', "11"), ('"13.0.0"', "11"), ('"10.0.0"', "10"), ('"0.3.0"', "10"), (None, "10")],
)
def test_windows_11_is_known_by_its_hint(version: str | None, windows: str) -> None:
    device = read(WINDOWS, ClientHints(mobile="?0", platform='"Windows"', platform_version=version))

    assert (device.os, device.os_version) == ("Windows", windows)


def test_a_hint_names_the_model_and_the_version_that_chrome_hides() -> None:
    hints = ClientHints(mobile="?1", platform='"Android"', model='"Pixel 9"', platform_version='"16.0.0"')
    device = read(ANDROID, hints)

    assert (device.type, device.model, device.os_version) == ("mobile", "Pixel 9", "16")


@pytest.mark.parametrize(
    ("model", "kind"), [('"SM-X710"', "tablet"), ('"BRAVIA 4K VH2"', "other"), ('"SM-R890"', "other"), ('""', "mobile")]
)
def test_the_model_in_a_hint_tells_the_type(model: str, kind: str) -> None:
    assert read(ANDROID, ClientHints(mobile="?1", platform='"Android"', model=model)).type == kind


@pytest.mark.parametrize("platform", ["", "Android", "\x00", '"', '"Unknown"', '"\\"'])
def test_a_hint_that_nobody_sends_changes_nothing(platform: str) -> None:
    hints = ClientHints(mobile="?9", platform=platform, model="", platform_version="x")

    assert read(IPHONE, hints).type == read(IPHONE).type == "mobile"


def test_a_headless_browser_is_known_by_its_brand() -> None:
    agent = lookups().read_agent(WINDOWS, ClientHints(ua='"HeadlessChrome";v="142", "Chromium";v="142"'))

    assert (agent.bot.reasons, agent.device.type) == (["headless_browser"], "bot")


def test_what_is_no_browser_keeps_its_device() -> None:
    agent = lookups().read_agent("Dalvik/2.1.0 (Linux; U; Android 15; Pixel 9 Build/BP1A.250505.005)", None)

    assert (agent.bot.kind, agent.device.type, agent.device.model) == ("app_fetch", "mobile", "Pixel 9")


@pytest.mark.parametrize(
    ("product", "browser", "version"),
    [
        ("Whale/3.26.244.21", "Whale", "3.26.244"),
        ("Avast/126.0", "Avast Secure Browser", "126.0"),
        ("360SE", "360 Browser", None),
        ("YaBrowser/24.6", "Yandex Browser", "24.6"),
        ("AcmeApp/1.0", "Chrome", "142.0.0"),
        ("OPR/125.0.0.0", "Opera", "125.0.0"),
    ],
)
def test_a_browser_built_on_another_is_named(product: str, browser: str, version: str | None) -> None:
    device = read(f"{WINDOWS} {product}")

    assert (device.browser, device.browser_version) == (browser, version)


def test_a_browser_that_only_its_brand_tells_is_named() -> None:
    assert read(WINDOWS, ClientHints(ua='"Chromium";v="142", "Brave";v="142"')).browser == "Brave"


@pytest.mark.parametrize(
    ("user_agent", "system", "version"),
    [
        ("Mozilla/5.0 (OS/2; Warp 4.5; rv:10.0) Gecko/20100101 Firefox/10.0", "OS/2", "4.5"),
        ("Mozilla/5.0 (PLAYSTATION 3; 3.55)", "PlayStation", None),
        (f"Mozilla/5.0 (Phone; OpenHarmony 5.0) {CHROME} Mobile Safari/537.36", "OpenHarmony", "5.0"),
        (f"Mozilla/5.0 (Web0S; Linux/SmartTV) {CHROME} Safari/537.36", "webOS", None),
        ("Lynx/2.9.2 libwww-FM/2.14", None, None),
    ],
)
def test_a_system_is_named(user_agent: str, system: str | None, version: str | None) -> None:
    assert (read(user_agent).os, read(user_agent).os_version) == (system, version)


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
def test_a_missing_user_agent_is_a_bot_without_details(nothing: str | None) -> None:
    assert read(nothing) == Device(type="bot", parser=read(IPHONE).parser)


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
        "Mozilla/5.0 (Linux; Android 9; " + "_" * 400 + ") AppleWebKit/537.36",
        "Mozilla/5.0 (Linux; Android 9; " + "tv_pad_tab " * 40 + ") AppleWebKit/537.36",
    ],
    ids=lambda text: text[:12],
)
def test_a_hostile_text_is_read_quickly_and_fits_the_contract(hostile: str) -> None:
    read("warm")
    started = time.thread_time()
    device = read(hostile)
    took = time.thread_time() - started

    assert took < 3  # what backtracks takes minutes
    texts = (device.brand, device.model, device.os, device.os_version, device.browser, device.browser_version)
    assert all(len(text) <= 128 for text in texts if text)


@examples(300)
@given(st.text(max_size=3000))
def test_no_text_raises(user_agent: str) -> None:
    assert read(user_agent).type in ("desktop", "mobile", "tablet", "bot", "other")
