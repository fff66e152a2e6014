"""Device, operating system and browser, read from the user agent and the client hints. PURE.

ua-parser's Rust engine reads names and versions; the type is ours, by rules over the system and the model. Client hints
decide where they tell more: a telephone in desktop mode, Windows 11, Chromebooks, the model that Chrome hides.
"""

from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Final

from ua_parser import Result

from enricher.rules.devices import (
    DESKTOP,
    DEVICE_RULES,
    MOBILE,
    NAMES_TABLET,
    NO_SCREEN_OF_ITS_OWN,
    NOT_A_BRAND,
    NOT_A_MODEL,
    OTHER_MODELS,
    PHONE_MODELS,
    TABLET_MODELS,
)
from enricher.steps.agent_tokens import AgentTokens
from enricher.steps.browser import Named, choose_browser, choose_parsed_system
from enricher.steps.hints import DeviceHints, read_hints
from enricher.steps.patterns import load_patterns
from schemas import ClientHints, Device

LABEL_CAP: Final = 128
MODEL_CAP: Final = 64
"""Longer ones are nobody's, and Python's patterns need the square of their length."""
ANDROID: Final = "Android"
ANDROID_GENERATIONS: Final = {"1": "mobile", "2": "mobile", "3": "tablet"}
"""Android was for telephones up to version 2, and for tablets alone in version 3. Neither says so in `Mobile`."""
PHONE_SYSTEMS: Final = ("iOS", "Windows Phone", "BlackBerry OS")


def load_device_reader() -> Callable[[AgentTokens | None, Result, ClientHints | None], Device]:
    """Load the list of tablets. No tokens: there was no user agent."""
    label = f"ua-parser {version('ua-parser')}, rules {version('ua-parser-builtins')}, own {DEVICE_RULES}"
    list_tablets()
    find_type = load_patterns((("other", NO_SCREEN_OF_ITS_OWN), ("mobile", MOBILE), ("desktop", DESKTOP)))

    def read_device(tokens: AgentTokens | None, parsed: Result, client_hints: ClientHints | None) -> Device:
        if tokens is None:
            return Device(type="other", parser=label)
        hints = read_hints(client_hints)
        system = choose_system(tokens, choose_parsed_system(tokens, parsed.os), hints)
        browser = choose_browser(tokens, parsed, client_hints)
        kind = choose_type(tokens, system, hints, find_type(tokens.text))
        brand, model = choose_model(tokens, parsed, hints)
        return Device(
            type=kind,
            brand=cap_label(brand),
            model=cap_label(model),
            os=cap_label(system.name),
            os_version=cap_label(system.version),
            browser=cap_label(browser.name),
            browser_version=cap_label(browser.version),
            parser=label,
        )

    return read_device


@cache
def list_tablets() -> frozenset[str]:
    text = files("enricher.rules").joinpath("tablet_models.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


def choose_model(tokens: AgentTokens, parsed: Result, hints: DeviceHints) -> tuple[str | None, str | None]:
    """Give brand and model. A model that only a hint names has no brand: ua-parser did not see it."""
    device = parsed.device
    if device is None or (hints.model and tokens.model is None):
        return None, hints.model
    brand = None if (device.brand or "").startswith(NOT_A_BRAND) else device.brand
    return brand, hints.model or read_model(device.model)


def read_model(text: str | None) -> str | None:
    # ua-parser appends the build to the model where it does not know the brand.
    return None if text in NOT_A_MODEL else (text or "").partition(" Build/")[0]


def choose_system(tokens: AgentTokens, found: Named, hints: DeviceHints) -> Named:
    """Give the system that the hints name if the user agent hides it, else the user agent's."""
    if hints.system == ANDROID and found.name != ANDROID:
        return Named(ANDROID, hints.version)
    if hints.system == "Chrome OS" and found.name in ("Linux", "Chrome OS"):
        return Named("Chrome OS", found.version if found.name == "Chrome OS" else None)
    if hints.version and hints.system == found.name:
        return Named(found.name, hints.version)
    return read_meta_system(tokens) if found.name is None else found


def read_meta_system(tokens: AgentTokens) -> Named:
    """Read the system from the list of an app of Meta: `[FBAN/FB4A;FBSV/13]`."""
    pairs = dict(part.partition("/")[::2] for text in tokens.brackets for part in text.split(";"))
    app = pairs.get("FBAN") or pairs.get("FB_IAB")
    if app is None:
        return Named(None, None)
    return Named("iOS" if "ios" in app.lower() else ANDROID, pairs.get("FBSV") or None)


def choose_type(tokens: AgentTokens, system: Named, hints: DeviceHints, word: str | None) -> str:
    """Give `desktop`, `mobile`, `tablet` or `other`. `word` is the type that the words of the user agent tell.

    Bots are found by `steps/bots.py`.
    """
    model = (hints.model or (tokens.model or "").partition("Build/")[0]).strip()[:MODEL_CAP]
    is_listed_tablet = is_tablet_model(model)
    if word == "other" or (not is_listed_tablet and OTHER_MODELS.fullmatch(model)):
        return "other"
    if is_listed_tablet or NAMES_TABLET.search(tokens.text):
        return "tablet"
    if system.name == ANDROID:
        if generation := ANDROID_GENERATIONS.get((system.version or "").partition(".")[0]):
            return generation
        is_phone = hints.is_mobile or word == "mobile" or PHONE_MODELS.fullmatch(model)
        return "mobile" if is_phone or not is_browser_text(tokens.text) else "tablet"
    return "mobile" if system.name in PHONE_SYSTEMS else word or "other"


def is_browser_text(text: str) -> bool:
    """Check for a browser. On Android a browser says `Mobile` if it is on a telephone, and other programs never do."""
    return text.startswith(("Mozilla/", "Opera/"))


def is_tablet_model(model: str) -> bool:
    return bool(model) and (TABLET_MODELS.fullmatch(model) is not None or model.lower() in list_tablets())


def cap_label(text: str | None) -> str | None:
    return text[:LABEL_CAP] or None if text else None
