"""Whether a user agent is a machine's, and what kind of machine. PURE.

The crawlers come from the kept list of `crawler-user-agents`, matched by ua-parser's Rust engine (linear in the text,
whatever the text is). Ours are added where that list is silent, and taken away where it counts people as machines.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.metadata import version
from typing import Final

from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from ua_parser import Domain
from ua_parser.lazy import UserAgentMatcher
from ua_parser.regex import Resolver

from schemas import Bot
from schemas.fields import USER_AGENT_CAP

CACHED: Final = 4096
OWN_RULES: Final = "1"
"""Grows with every change of the rules below, so that a click says by which rules it was judged."""

PERSON: Final = "person"
CRAWLER: Final = "crawler_user_agent"
PREVIEW: Final = "preview_fetcher"
LIBRARY: Final = "http_library"
HEADLESS: Final = "headless_browser"

REASON_BY_TAG: Final = {"social-preview": PREVIEW, "http-library": LIBRARY, "browser-automation": HEADLESS}

IN_APP: Final = (
    r"\[FB(?:AN|_IAB)/|\bMetaIAB |\bInstagram \d|\bBarcelona \d|\bmusical_ly|\bBytedanceWebview/|\bSnapchat[/ ]\d"
    r"|\[Pinterest/|\[?LinkedInApp|\bTwitter for |\bReddit/Version|\bLine/\d|KAKAOTALK|MicroMessenger/|\bGSA/\d"
)
"""Web views inside apps are people, whatever else their user agent says. They get onto crawler lists when somebody
takes the build number of a telephone for a crawler's name, and then paid clicks vanish."""

PEOPLE: Final = frozenset(
    {
        r"AP3A\.240617\.008",  # a build of Android 15, on telephones of several makers
        "MetaIAB Facebook",  # Meta's in-app browser, by its own name
        "Sogou",  # a browser as well; its spider is in our own rules
        "Sonic",  # Slack's desktop program says so
        "Odin;",  # a handheld console
        "Fluid",  # makes desktop programs of web sites
    }
)
"""Patterns of the list that are not taken over: each is, or is part of, what browsers of people say."""

OWN: Final = (
    (PREVIEW, r"SkypeUriPreview|Google-?PageRenderer|Snap URL Preview|ZoomLinkPreview|^Mozilla/5\.0$"),
    (PREVIEW, r"^(?:WhatsApp|Viber|Signal|Telegram|LINE|Threema|Wire|Rocket\.Chat|Element)/"),
    # What opens every link of a mail before its reader does.
    (PREVIEW, r"ms-office|MSOffice|Microsoft (?:Office|Outlook)|GoogleImageProxy|YahooMailProxy|SafeLinks|Symantec"),
    (PREVIEW, r"(?i)barracuda|proofpoint|mimecast|messagelabs|fireeye|ironport|forcepoint|trendmicro|sophos"),
    (CRAWLER, r"Sogou [a-z ]*[Ss]pider"),
    (HEADLESS, r"Headless|PhantomJS|SlimerJS|Cypress/|WebDriver|Nightmare/|[Pp]uppeteer|[Pp]laywright|[Ss]elenium"),
    (
        LIBRARY,
        r"(?i)^(?:lib)?curl|^wget|python|aiohttp|httpx|urllib|requests/|^go-http|^go-resty|okhttp|^java[/ ]|^jdk",
    ),
    (LIBRARY, r"(?i)apache-http|^axios|node-fetch|undici|^node|^deno/|^bun/|^got |^ruby|faraday|^rest-client|httparty"),
    (
        LIBRARY,
        r"(?i)guzzle|^php|symfony|libwww|^perl|lwp-|mechanize|restsharp|^dart/|^\.net|powershell|winhttp|wininet",
    ),
    (LIBRARY, r"(?i)postman|insomnia/|httpie|^hyper/|reqwest|^ureq|^surf/|^http\.rb|^typhoeus|hackney|^k6/|^wrk|^hey/"),
    (LIBRARY, r"(?i)^apachebench|^vegeta|jmeter|^locust|scrapy|^dalvik/|cfnetwork/"),
    # What calls itself a crawler, or names a page or an address to write to.
    (CRAWLER, r"[Cc]rawl|[Ss]pider|[Ss]craper|[Ll]ink ?[Cc]heck|[Uu]ptime|https?://|\w@\w+\.\w"),
    (CRAWLER, r"(?:^|[^uU])[Bb](?:ot|OT)(?:[^a-zA-Z]|$)|[a-z]Bot"),  # not CUBOT, a maker of telephones
)
"""Ours, beside the list."""

ORDER: Final = (PREVIEW, HEADLESS, LIBRARY, CRAWLER)
"""Where several rules match, the kind that says most is given."""


def load_bot_reader() -> Callable[[str | None], Bot]:
    """Make what judges user agents. Takes 20 ms and 9 MiB; a judgement 4 us, 0.1 us when the text was seen before."""
    resolve = Resolver(([UserAgentMatcher(pattern, reason) for reason, pattern in rules()], [], []))
    label = f"crawler-user-agents {version('crawler-user-agents')}, own {OWN_RULES}"

    @lru_cache(CACHED)
    def read_bot(user_agent: str | None) -> Bot:
        if user_agent is None or not user_agent.strip():
            return Bot(is_bot=True, reasons=["no_user_agent"], rules=label)
        found = resolve(user_agent[:USER_AGENT_CAP], Domain.USER_AGENT).user_agent
        is_bot = found is not None and found.family != PERSON
        return Bot(is_bot=is_bot, reasons=[found.family] if found is not None and is_bot else [], rules=label)

    return read_bot


def rules() -> list[tuple[str, str]]:
    """Give reason and pattern of each rule; the first that matches decides."""
    listed = [(read_reason(entry["tags"]), entry["pattern"]) for entry in CRAWLER_USER_AGENTS_DATA]
    taken = [(reason, pattern) for reason, pattern in listed if pattern not in PEOPLE]
    return [(PERSON, IN_APP), *sorted([*OWN, *taken], key=lambda rule: ORDER.index(rule[0]))]


def read_reason(tags: Iterable[str]) -> str:
    return next((REASON_BY_TAG[tag] for tag in tags if tag in REASON_BY_TAG), CRAWLER)
