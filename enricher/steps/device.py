"""Device, operating system and browser, read from the user agent. PURE.

ua-parser's Rust engine reads names and versions; the categories are those of `user-agents`, whose own constructor
would call the slow parser.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from typing import Final

from ua_parser import OS, Domain, Result, load_lazy_builtins
from ua_parser import UserAgent as Browser
from ua_parser.regex import Resolver
from user_agents import parsers

from schemas import Device
from schemas.fields import USER_AGENT_CAP

CACHED: Final = 4096
LABEL_CAP: Final = 128

OTHER_DEVICE: Final = re.compile(
    r"\bTV\b|SmartTV|SMART-TV|Web0S|AppleTV|GoogleTV|BRAVIA|\bAFT[A-Z]|CrKey|Roku|HbbTV|NetCast"
    r"|PlayStation|Xbox|Nintendo|OculusBrowser|\bTesla/|QtCarBrowser"
)
"""Televisions, consoles, headsets and cars: type `other`, although many claim to be desktop or mobile."""
MOBILE: Final = re.compile(r"Mobi|Opera Mini|Phone|MIDP|UCWEB")
NOT_A_BRAND: Final = ("Generic", "Spider")
NOT_A_MODEL: Final = ("K", "Smartphone", "Feature Phone", "Desktop", "Tablet", "Browser")
"""Chrome on Android calls every model `K`; the others are ua-parser's words for not knowing one."""


class Agent(parsers.UserAgent):  # type: ignore[misc] # the package has no types
    """The category rules of `user-agents`, over a result of the fast parser.

    Versions stay text: int() refuses more than 4,300 digits.
    """

    def __init__(self, text: str, parsed: Result) -> None:
        os, browser, device = parsed.os, parsed.user_agent, parsed.device
        self.ua_string = text
        self.os = parsers.OperatingSystem(os.family if os else "Other", (), join_version(os) or "")
        self.browser = parsers.Browser(browser.family if browser else "Other", (), join_version(browser) or "")
        self.device = parsers.Device(device.family if device else "Other", None, None)

    def _is_android_tablet(self) -> bool:
        # Their rule looks for "Mobile Safari", which Firefox, Opera and in-app browsers do not send.
        return MOBILE.search(self.ua_string) is None


def load_device_reader() -> Callable[[str | None], Device]:
    """Load the parser. Takes 0.1 s and 21 MiB; a user agent takes 20 us, or 0.1 us from the cache."""
    resolve = Resolver(load_lazy_builtins())
    label = f"ua-parser {version('ua-parser')}, rules {version('ua-parser-builtins')}"

    @lru_cache(CACHED)
    def read_device(user_agent: str | None) -> Device:
        if user_agent is None:
            return Device(type="other", parser=label)
        text = user_agent[:USER_AGENT_CAP]
        return describe(text, resolve(text, Domain.ALL).complete(), label)

    return read_device


def describe(text: str, parsed: Result, label: str) -> Device:
    os, browser, device = parsed.os, parsed.user_agent, parsed.device
    return Device(
        type=choose_type(Agent(text, parsed)),
        brand=cap_label(device.brand) if device and not (device.brand or "").startswith(NOT_A_BRAND) else None,
        model=read_model(device.model) if device else None,
        os=cap_label(os.family) if os else None,
        os_version=cap_label(join_version(os)),
        browser=cap_label(browser.family) if browser else None,
        browser_version=cap_label(join_version(browser)),
        parser=label,
    )


def read_model(text: str | None) -> str | None:
    # ua-parser appends the build to the model where it does not know the brand.
    return None if text in NOT_A_MODEL else cap_label((text or "").partition(" Build/")[0])


def choose_type(agent: Agent) -> str:
    """Give `desktop`, `mobile`, `tablet` or `other`. Bots are found by `steps/bots.py`."""
    if OTHER_DEVICE.search(agent.ua_string):
        return "other"
    if agent.is_tablet or "Tablet" in agent.ua_string:
        return "tablet"
    if agent.is_mobile or MOBILE.search(agent.ua_string):
        return "mobile"
    return "desktop" if agent.is_pc or "X11" in agent.ua_string else "other"


def join_version(named: OS | Browser | None) -> str | None:
    parts = (named.major, named.minor, named.patch) if named else ()
    return ".".join(part for part in parts if part) or None


def cap_label(text: str | None) -> str | None:
    return text[:LABEL_CAP] or None if text else None
