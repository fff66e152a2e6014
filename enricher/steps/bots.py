"""Who asks, by the user agent: a person in a browser, a bot (and of which kind), or a program that only fetches. PURE.

A browser's full user agent is a person's, unless it names a bot: a product, or a comment of its own. Any other program
is a bot, unless it is known as a browser, or runs on the device of a person: then it fetches without navigating.
Patterns come from the list of `crawler-user-agents` and from `rules/bots.py`, which adds what the list lacks and leaves
out what matches people's browsers. ua-parser's Rust engine matches them in linear time.
"""

from collections.abc import Callable, Iterable
from importlib.metadata import version
from itertools import pairwise
from typing import Final

from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from ua_parser import Result

from enricher.rules.bots import CRAWLER, DESKTOP, LIBRARY, ORDER, OWN, OWN_RULES, PEOPLE, REASON_BY_TAG, UNKNOWN
from enricher.rules.devices import NOT_A_BRAND
from enricher.rules.programs import (
    APP,
    COMPATIBLE_BROWSERS,
    COMPATIBLE_SYSTEMS,
    CONSOLE,
    DESKTOP_SYSTEM,
    EMBEDDED,
    ENGINES,
    NETSCAPE,
    OFFICE,
    PHONE,
    PHONE_BROWSER,
    TEXT_BROWSERS,
)
from enricher.steps.agent_tokens import AgentTokens, name_of
from enricher.steps.patterns import FindName, load_patterns
from schemas import Bot

NO_USER_AGENT: Final = "no_user_agent"
"""The reason of a click without a user agent; the others are in `rules/bots.py`."""


def load_bot_reader() -> Callable[[AgentTokens | None, Result], Bot]:
    """Load the rules. Takes 20 ms and 9 MiB; a user agent takes 15 us. No tokens: there was no user agent."""
    find_reason, find_desktop_reason = load_patterns(list_rules()), load_patterns(DESKTOP)
    label = f"crawler-user-agents {version('crawler-user-agents')}, own {OWN_RULES}"

    def read_bot(tokens: AgentTokens | None, parsed: Result) -> Bot:
        if tokens is None:
            return Bot(is_bot=True, reasons=[NO_USER_AGENT], rules=label, kind="bot")
        kind, reason = classify_agent(tokens, parsed, find_reason, find_desktop_reason)
        return Bot(is_bot=kind == "bot", reasons=[reason] if reason else [], rules=label, kind=kind)

    return read_bot


def list_rules() -> list[tuple[str, str]]:
    """Give reason and pattern of each rule, in order: the first that matches decides."""
    listed = [(read_reason(entry["tags"]), entry["pattern"]) for entry in CRAWLER_USER_AGENTS_DATA]
    taken = [(reason, pattern) for reason, pattern in listed if pattern not in PEOPLE]
    return sorted([*OWN, *taken], key=lambda rule: ORDER.index(rule[0]))


def read_reason(tags: Iterable[str]) -> str:
    return next((REASON_BY_TAG[tag] for tag in tags if tag in REASON_BY_TAG), CRAWLER)


def classify_agent(
    tokens: AgentTokens, parsed: Result, find_reason: FindName, find_desktop_reason: FindName
) -> tuple[str, str | None]:
    """Give the kind, and the reason for `bot`."""
    on_phone = is_on_phone(tokens)
    reason = find_reason(tokens.text)
    if reason == LIBRARY and on_phone:  # an app names the library it is built with
        reason = None
    if not is_browser(tokens):
        return classify_program(tokens, parsed, reason or find_tool(tokens, find_desktop_reason), on_phone=on_phone)
    if reason is None and OFFICE.search(tokens.text):
        return "app_fetch", None
    reason = reason or (CRAWLER if is_declared(tokens) else None)
    if reason is None and not on_phone:
        reason = find_desktop_reason(cut_plugins(tokens)) or (CRAWLER if is_spider(tokens, parsed) else None)
    return ("bot", reason) if reason else ("person", None)


def classify_program(
    tokens: AgentTokens, parsed: Result, reason: str | None, *, on_phone: bool
) -> tuple[str, str | None]:
    """Classify what is no browser that begins with `Mozilla/`."""
    if name_of(first_word(tokens)) in TEXT_BROWSERS:
        return "person", None
    if reason is not None:
        return "bot", reason
    if is_device_browser(tokens, on_phone=on_phone):
        return "person", None
    if is_app(tokens, on_phone=on_phone):
        return "app_fetch", None
    return ("person", None) if is_made_device(parsed) else ("bot", UNKNOWN)


def is_device_browser(tokens: AgentTokens, *, on_phone: bool) -> bool:
    """Check for the browser of an old telephone, a console or a television.

    Some give a browser's user agent after their own name: `T-Mobile Dash Mozilla/4.0 (compatible; Windows CE)`.
    """
    if PHONE_BROWSER.search(tokens.text) or (CONSOLE.search(tokens.text) and tokens.comments):
        return True
    return on_phone and any(word.startswith("Mozilla/") for word in tokens.words[1:])


def is_app(tokens: AgentTokens, *, on_phone: bool) -> bool:
    if APP.search(tokens.text) or OFFICE.search(tokens.text):
        return True
    return is_at_desk(tokens) or (on_phone and len(tokens.words) > is_mozilla(tokens))


def is_made_device(parsed: Result) -> bool:
    """Check whether ua-parser knows the maker: user agents of old telephones begin with it."""
    brand = (parsed.device.brand if parsed.device else None) or ""
    return bool(brand) and not brand.startswith(("Apple", *NOT_A_BRAND))


def cut_plugins(tokens: AgentTokens) -> str:
    """Leave out what Internet Explorer says of its plugins: download managers, readers of feeds, toolbars."""
    first = tokens.comments[0]
    if not any(field.startswith("MSIE ") for field in first):
        return tokens.text
    addresses = [field for field in first if "://" in field and not EMBEDDED.search(field)]
    return " ".join((*tokens.words[1:], *addresses, *(field for fields in tokens.comments[1:] for field in fields)))


def find_tool(tokens: AgentTokens, find_desktop_reason: FindName) -> str | None:
    return find_desktop_reason(tokens.text) if is_at_desk(tokens) else None


def is_at_desk(tokens: AgentTokens) -> bool:
    """Check for the system of a desktop in a comment, which does not quote a browser: `Reader/1 (Mozilla/5.0 ...)`."""
    fields = [field for fields in tokens.comments for field in fields]
    return "Mozilla/" not in tokens.text and any(DESKTOP_SYSTEM.search(field) for field in fields)


def is_browser(tokens: AgentTokens) -> bool:
    """Check for the full user agent of a browser: `Mozilla/`, the system in a comment, and an engine."""
    if not tokens.comments or not (is_mozilla(tokens) or name_of(first_word(tokens)) == "opera"):
        return False
    system = tokens.comments[0]
    if system and system[0].lower() == "compatible":
        following = system[1] if len(system) > 1 else ""
        return following.startswith(COMPATIBLE_BROWSERS) or (is_system(following) and has_engine(tokens))
    return has_engine(tokens) or NETSCAPE.match(tokens.text) is not None


def is_system(field: str) -> bool:
    return field == "U" or field.startswith(COMPATIBLE_SYSTEMS)


def has_engine(tokens: AgentTokens) -> bool:
    names = {name_of(word) for word in tokens.words}
    return not names.isdisjoint(ENGINES) or any(field.startswith("MSIE ") for field in tokens.comments[0])


def is_on_phone(tokens: AgentTokens) -> bool:
    return PHONE.search(tokens.text) is not None


def is_declared(tokens: AgentTokens) -> bool:
    """Check for `compatible;` before the name of a program that is no browser."""
    for fields in tokens.comments:
        for field, following in pairwise(fields):
            if field.lower() == "compatible" and not (
                following.startswith(COMPATIBLE_BROWSERS) or is_system(following)
            ):
                return True
    return False


def is_spider(tokens: AgentTokens, parsed: Result) -> bool:
    """Ask ua-parser, whose rules for spiders match anywhere: never where it found the browser's own name."""
    device, browser = parsed.device, parsed.user_agent
    if device is None or device.family != "Spider":
        return False
    return browser is None or not (browser.family == "IE" or browser.family.split()[0] in tokens.text)


def is_mozilla(tokens: AgentTokens) -> bool:
    return first_word(tokens).startswith("Mozilla/")


def first_word(tokens: AgentTokens) -> str:
    return tokens.words[0] if tokens.words else ""
