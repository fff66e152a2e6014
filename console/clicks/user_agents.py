"""Describes a user agent in a few words, for rejections: the enricher does not process them.

Clicks store the enricher's result. This is computed when a page is shown, with the same rules of ua-parser.
"""

from functools import cache, lru_cache
from typing import Final

from ua_parser import Domain, load_lazy_builtins
from ua_parser.regex import Resolver

from console.web.text import join
from schemas.fields import USER_AGENT_CAP

CACHED: Final = 2048
UNNAMED: Final = ("Generic", "Spider", "Other")


@cache
def load_rules() -> Resolver:
    """Load the rules. The first call takes 0.1 s and 20 MiB."""
    return Resolver(load_lazy_builtins())


@lru_cache(CACHED)
def describe_user_agent(user_agent: str) -> tuple[str, str]:
    """Return browser and system, and the device: `Chrome Mobile 141 · Android`, `Google Pixel 9`. Empty if unknown."""
    text = user_agent[:USER_AGENT_CAP].encode("utf-8", "replace").decode()
    parsed = load_rules()(text, Domain.ALL).complete()
    browser, os, device = parsed.user_agent, parsed.os, parsed.device
    name = join(join(browser.family, browser.major, separator=" ") if browser else None, os.family if os else None)
    if device is None or (device.brand or device.family).startswith(UNNAMED):
        return name, ""
    return name, join(device.brand, device.model, separator=" ") or device.family
