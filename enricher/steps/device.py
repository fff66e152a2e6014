"""Device, operating system and browser, read from the user agent and the client hints. PURE.

ua-parser's Rust engine reads names and versions; the type is ours, by rules over the system and the model. Client hints
decide where they tell more: a telephone in desktop mode, Windows 11, Chromebooks, the model that Chrome hides.
"""

from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Final

import msgspec
from ua_parser import OS, Result
from ua_parser import UserAgent as Browser

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
from enricher.steps.hints import DeviceHints, read_hints
from schemas import ClientHints, Device

LABEL_CAP: Final = 128
ANDROID: Final = "Android"


class System(msgspec.Struct, frozen=True):
    name: str | None
    version: str | None


def load_device_reader() -> Callable[[AgentTokens | None, Result, ClientHints | None], Device]:
    """Load the list of tablets. No tokens: there was no user agent."""
    label = f"ua-parser {version('ua-parser')}, rules {version('ua-parser-builtins')}, own {DEVICE_RULES}"
    list_tablets()

    def read_device(tokens: AgentTokens | None, parsed: Result, client_hints: ClientHints | None) -> Device:
        if tokens is None:
            return Device(type="other", parser=label)
        return describe(tokens, parsed, read_hints(client_hints), label)

    return read_device


@cache
def list_tablets() -> frozenset[str]:
    text = files("enricher.rules").joinpath("tablet_models.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


def describe(tokens: AgentTokens, parsed: Result, hints: DeviceHints, label: str) -> Device:
    browser, device = parsed.user_agent, parsed.device
    system = choose_system(tokens, parsed.os, hints)
    model = hints.model or (read_model(device.model) if device else None)
    named = device.brand if device and not (device.brand or "").startswith(NOT_A_BRAND) else None
    return Device(
        type=choose_type(tokens, system, hints),
        brand=cap_label(named) if hints.model is None or tokens.model else None,
        model=cap_label(model),
        os=cap_label(system.name),
        os_version=cap_label(system.version),
        browser=cap_label(browser.family) if browser else None,
        browser_version=cap_label(join_version(browser)),
        parser=label,
    )


def read_model(text: str | None) -> str | None:
    # ua-parser appends the build to the model where it does not know the brand.
    return None if text in NOT_A_MODEL else cap_label((text or "").partition(" Build/")[0])


def choose_system(tokens: AgentTokens, parsed: OS | None, hints: DeviceHints) -> System:
    """Give the system that the hints name if the user agent hides it, else the user agent's."""
    found = System(parsed.family if parsed else None, join_version(parsed))
    if hints.system == ANDROID and found.name != ANDROID:
        return System(ANDROID, hints.version)
    if hints.system == "Chrome OS" and found.name in ("Linux", "Chrome OS"):
        return System("Chrome OS", found.version if found.name == "Chrome OS" else None)
    if hints.version and hints.system == found.name:
        return System(found.name, hints.version)
    return read_meta_system(tokens) if found.name is None else found


def read_meta_system(tokens: AgentTokens) -> System:
    """Read the system from the list of an app of Meta: `[FBAN/FB4A;FBSV/13]`."""
    pairs = dict(part.partition("/")[::2] for text in tokens.brackets for part in text.split(";"))
    app = pairs.get("FBAN") or pairs.get("FB_IAB")
    if app is None:
        return System(None, None)
    return System("iOS" if "ios" in app.lower() else ANDROID, pairs.get("FBSV") or None)


def choose_type(tokens: AgentTokens, system: System, hints: DeviceHints) -> str:
    """Give `desktop`, `mobile`, `tablet` or `other`. Bots are found by `steps/bots.py`."""
    model = (hints.model or (tokens.model or "").partition("Build/")[0]).strip()
    is_listed_tablet = is_tablet_model(model)
    if NO_SCREEN_OF_ITS_OWN.search(tokens.text) or (not is_listed_tablet and OTHER_MODELS.fullmatch(model)):
        return "other"
    if is_listed_tablet or NAMES_TABLET.search(tokens.text):
        return "tablet"
    if system.name == ANDROID:
        return choose_android_type(tokens, model, hints)
    if system.name in ("iOS", "Windows Phone", "BlackBerry OS") or MOBILE.search(tokens.text):
        return "mobile"
    return "desktop" if DESKTOP.search(tokens.text) else "other"


def is_tablet_model(model: str) -> bool:
    return bool(model) and (TABLET_MODELS.fullmatch(model) is not None or model.lower() in list_tablets())


def choose_android_type(tokens: AgentTokens, model: str, hints: DeviceHints) -> str:
    """Telephones say `Mobile`, in the user agent or the hints; programs without a browser say nothing."""
    if hints.is_mobile or MOBILE.search(tokens.text) or PHONE_MODELS.fullmatch(model):
        return "mobile"
    return "tablet" if tokens.text.startswith(("Mozilla/", "Opera/")) else "mobile"


def join_version(named: OS | Browser | None) -> str | None:
    parts = (named.major, named.minor, named.patch) if named else ()
    return ".".join(part for part in parts if part) or None


def cap_label(text: str | None) -> str | None:
    return text[:LABEL_CAP] or None if text else None
