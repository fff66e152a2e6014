"""The rules that tell bots by their user agent: data, and nothing else.

`steps/bots.py` applies them together with the list of `crawler-user-agents`. A new rule goes into `OWN`.
"""

from typing import Final

OWN_RULES: Final = "1"
"""Increase it with every change of the rules below: each click records the version it was classified by."""

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
"""Web views inside apps are people. Crawler lists have contained the build number of a phone as if it were a crawler's
name; paid clicks from that phone were then lost."""

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
"""Patterns of the list that are left out: each matches the user agent of a browser that people use."""

OWN: Final = (
    (PREVIEW, r"SkypeUriPreview|Google-?PageRenderer|Snap URL Preview|ZoomLinkPreview|^Mozilla/5\.0$"),
    (PREVIEW, r"^(?:WhatsApp|Viber|Signal|Telegram|LINE|Threema|Wire|Rocket\.Chat|Element)/"),
    # Mail gateways and clients that open each link of a mail before its reader does.
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
    # Names itself a crawler, or contains a URL or a mail address.
    (CRAWLER, r"[Cc]rawl|[Ss]pider|[Ss]craper|[Ll]ink ?[Cc]heck|[Uu]ptime|https?://|\w@\w+\.\w"),
    (CRAWLER, r"(?:^|[^uU])[Bb](?:ot|OT)(?:[^a-zA-Z]|$)|[a-z]Bot"),  # not CUBOT, a maker of telephones
)
"""Patterns of our own, besides the list."""

ORDER: Final = (PREVIEW, HEADLESS, LIBRARY, CRAWLER)
"""Where several rules match, the most specific kind is given."""
