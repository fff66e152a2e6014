"""What a user agent claims to be, as far as the signals compare it with other headers. Pure.

Facts of the device (`enricher/steps/device.py`) already take the client hints into account; a signal that looks for a
contradiction between the two needs the user agent's own claim.
"""

import re
from functools import lru_cache
from typing import Final

import msgspec

CACHED: Final = 4096

IN_APP: Final = re.compile(
    r"\[FB(?:AN|_IAB)/|\bFBAV/|\bMetaIAB |\bInstagram \d|\bBarcelona \d|\bmusical_ly|\bBytedanceWebview/"
    r"|\bSnapchat[/ ]\d|\[Pinterest/|\[?LinkedInApp|\bTwitter for |\bReddit/Version|\bLine/\d|KAKAOTALK"
    r"|MicroMessenger/|\bGSA/\d|; wv\)"
)
CHROMIUM: Final = re.compile(r"\b(?:Chrome|Chromium|CriOS)/(\d{1,4})")
FIREFOX: Final = re.compile(r"\bFirefox/(\d{1,4})")
SAFARI: Final = re.compile(r"\bVersion/(\d{1,4})\.(\d{1,4})[^ ]* (?:Mobile/\S+ )?Safari/")
SYSTEMS: Final = (
    ("Android", "Android"),
    ("Windows", "Windows NT"),
    ("iOS", "iPhone"),
    ("iOS", "iPad"),
    ("macOS", "Macintosh"),
    ("Chrome OS", "CrOS"),
    ("Linux", "Linux"),
)
FIRST_WITH_HINTS: Final = 90
FIRST_WITH_FETCH: Final = {"chromium": 76, "firefox": 90, "safari": 17}
"""The first major versions that send Sec-Fetch-*. Safari does from 16.4 on; 17 leaves out the versions in between."""


class Claim(msgspec.Struct, frozen=True, gc=False):
    """What a user agent claims: its engine with its major version, its system, and whether it is a view inside an app.

    `engine` is `chromium`, `firefox`, `safari` or null; `system` a platform of the client hints, or null.
    """

    engine: str | None
    version: int
    system: str | None
    is_in_app: bool


NO_CLAIM: Final = Claim(None, 0, None, is_in_app=False)


@lru_cache(CACHED)
def read_claim(user_agent: str | None) -> Claim:
    if not user_agent:
        return NO_CLAIM
    system = next((name for name, word in SYSTEMS if word in user_agent), None)
    in_app = IN_APP.search(user_agent) is not None
    on_ios = system == "iOS"
    if found := CHROMIUM.search(user_agent):
        # Chrome on iOS is a Safari, which sends no client hints.
        engine = "safari" if on_ios else "chromium"
        return Claim(engine, 0 if on_ios else int(found[1]), system, is_in_app=in_app)
    if found := FIREFOX.search(user_agent):
        return Claim("firefox", int(found[1]), system, is_in_app=in_app)
    if found := SAFARI.search(user_agent):
        return Claim("safari", int(found[1]), system, is_in_app=in_app)
    return Claim(None, 0, system, is_in_app=in_app)


def sends_hints(claim: Claim) -> bool:
    """Tell whether a browser of this claim sends `Sec-CH-UA` with every request over https."""
    return claim.engine == "chromium" and claim.version >= FIRST_WITH_HINTS


def sends_fetch(claim: Claim) -> bool:
    """Tell whether a browser of this claim sends `Sec-Fetch-*` with every request over https."""
    return claim.engine is not None and claim.version >= FIRST_WITH_FETCH[claim.engine]
