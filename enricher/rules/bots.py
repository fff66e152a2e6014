"""The rules that tell bots by their user agent: data, and nothing else. Browsers and apps are in `programs.py`.

`steps/bots.py` applies them, together with the list of `crawler-user-agents`, to the user agent without the model of
the device. A new rule goes into `OWN`, or into `DESKTOP` if an app on a telephone might be named so.
"""

from typing import Final

OWN_RULES: Final = "2"
"""Increase it with every change of the rules below: each click records the version it was classified by."""

CRAWLER: Final = "crawler_user_agent"
PREVIEW: Final = "preview_fetcher"
LIBRARY: Final = "http_library"
HEADLESS: Final = "headless_browser"
UNKNOWN: Final = "unknown_program"

REASON_BY_TAG: Final = {"social-preview": PREVIEW, "http-library": LIBRARY, "browser-automation": HEADLESS}

PEOPLE: Final = frozenset(
    {
        r"AP3A\.240617\.008",  # a build of Android 15, on telephones of several makers
        "MetaIAB Facebook",  # Meta's in-app browser, by its own name
        "Sogou",  # a browser as well; its spider is in our own rules
        "Sonic",  # Slack's desktop program says so
        "Odin;",  # a handheld console
        "Fluid",  # makes desktop programs of web sites
        "coccoc",  # a browser as well
        # A program for people, in whose windows they follow links. Without a browser's user agent it is a bot anyway.
        r"Code\/1\.",
        r"Asana\/",
        r"Bluesky\/",
        r"Daum\/",
        r"Goodreads",
        r"Grammarly\/",
        r"Instapaper\/",
        r"Make\/",
        r"NING\/",
        r"Notion\/",
        r"Operator\/",
        r"Overcast\/",
        r"PayPal\/",
        r"PocketCasts\/",
        r"RED\/",
        r"Stripe\/",
        r"Trae\/",
        r"Tumblr\/",
        r"YaK\/",
        r"mail\.ru",
        r"upday\/",
        r"Freespoke\/",
        r"Trustly\/",
        r"theoldreader\.com",
        r"008\/",
        r"AHC\/",
        r"BW\/",
        r"s4a\/",
        "ds9",
        "Adventurer",
        "BazQux",
        "CapitalOneShopping",
        "ExodusMovement",
        "Friendica",
        "GoPay",
        "Hatena",
        "Jumio",
        "Lemmy",
        "NextCloud",
        "Swisscows",
        "Tweakers",
        "Blackboard",
        "Butterfly",
        "Devin",
        "Disqus",
        "Feedly",
        "Fever",
        "Genieo",
        r"Hype Machine\/",
        "HubSpot",
        "Magellan",
        "Mastodon",
        "NewsBlur",
        "Podimo",
        r"Salesforce\.com",
        "Splunk",
        "Synapse",
        "Trove",
        "Viber",
        "WhatsApp",
        "Yeti",
        "fluffy",
        "inoreader",
        "linko",
        "speedy",
        "yanga",
    }
)
"""Patterns of the list that are left out: each matches the user agent of a browser that people use."""

OWN: Final = (
    (PREVIEW, r"SkypeUriPreview|Google-?PageRenderer|Snap URL Preview|ZoomLinkPreview|^Mozilla/5\.0$|^Mastodon/"),
    (PREVIEW, r"^(?:WhatsApp|Viber|Signal|Telegram|LINE|Threema|Wire|Rocket\.Chat|Element)/"),
    # Mail gateways that open each link of a mail before its reader does.
    (PREVIEW, r"GoogleImageProxy|YahooMailProxy|SafeLinks|\bSymantec"),
    (PREVIEW, r"(?i)\b(?:barracuda|proofpoint|mimecast|messagelabs|fireeye|ironport|forcepoint|trendmicro|sophos)"),
    (CRAWLER, r"Sogou [a-z ]*[Ss]pider"),
    (
        HEADLESS,
        r"Headless|wkhtmlto|PhantomJS|SlimerJS|Cypress/|WebDriver|Nightmare/|[Pp]uppeteer|[Pp]laywright|[Ss]elenium",
    ),
    (LIBRARY, r"(?i)^(?:lib|py)?curl|^wget|\bpython[-/ ]|\baiohttp/|\bhttpx/|urllib|\brequests/|^go[ -]|^go-resty"),
    (LIBRARY, r"(?i)\bokhttp|^java[/ ]|^jdk|\bapache-http|^axios|node-fetch|undici|^node\b|^deno/|^bun/|^got "),
    (LIBRARY, r"(?i)^ruby|^faraday|^rest-client|^httparty|guzzle|^php\b|^symfony|libwww-perl|^perl|^lwp|\bmechanize"),
    (LIBRARY, r"(?i)^restsharp|^dart/|^\.net|powershell|\bwinhttp|\bwininet|^lua-|^resty|^cpp-|^boost\.beast|^poco"),
    (LIBRARY, r"(?i)^postman|^insomnia/|^httpie|^hyper/|^reqwest|^ureq|^surf/|^http\.rb|^typhoeus|^hackney|^k6/|^wrk"),
    (LIBRARY, r"(?i)^hey/|^apachebench|^vegeta|jmeter|^locust|\bscrapy|^unirest|^jersey|^http_request|^nim |^httpful"),
    (LIBRARY, r"(?i)^akka-http|^pekko|^sttp|^feign|^retrofit|^spring|^reactor|^jakarta|^vert\.?x|^netty|^grpc|^async-"),
    (LIBRARY, r"(?i)^httpclient|^http-client|^rust|^elixir|^erlang|^haskell|^julia|^clj-|^finatra|^tesla|^mint/|^req/"),
    (
        CRAWLER,
        r"\bGoogle-[A-Z]|[a-z]-Google\b|Google Page ?Speed|GomezAgent|DejaClick|\bKTXN|AppDynamics|SpeedCurve|Yottaa",
    ),
    (CRAWLER, r"Netsparker|\bw3af|BurpSuite|OWASP|\bArachni|Jorgee|InternetSeer|WebMetrics|BrowserMob"),
    (
        CRAWLER,
        r"(?i)^(?:vienna|netnewswire|rssowl|rssbandit|feeddemon|greatnews|newsfire|sharpreader|blogbridge|quiterss)\b",
    ),
    (
        CRAWLER,
        r"(?i)^(?:akregator|liferea|newsgator|reeder|omea|snownews|newsbeuter|newsboat|tt-rss|feedly|netvibes)\b",
    ),
    (
        CRAWLER,
        r"(?i)^(?:[uµ]torrent|bittorrent|qbittorrent|transmission|deluge|azureus|vuze|aria2|axel|flashget|getright)\b",
    ),
    (
        CRAWLER,
        r"(?i)^(?:jdownloader|freedownloadmanager|fdm|idm|orbit|reget|netants|gozilla|teleport|webreaper|httrack)\b",
    ),
    # Names itself a crawler, or holds an address in the way of crawlers: `+https://`, or one for mail.
    (CRAWLER, r"[Cc]rawl|[Ss]pider|SPIDER|[Ss]craper|[Ll]ink ?[Cc]heck|[Uu]ptime|\+ ?https?:|\+www\."),
    (CRAWLER, r"[\w.+-]@[A-Za-z][\w-]*(?:\.[\w-]+)*\.[A-Za-z]{2,}(?:[^\w.]|$)"),
    (CRAWLER, r"(?:^|[^uU])[Bb](?:ot|OT)s?(?:[^a-zA-Z]|$)|[a-z]Bot"),  # not CUBOT, a maker of telephones
)
"""Patterns of our own, besides the list. `^` is the start of the user agent: the first product."""

TOOLS: Final = (
    r"(?i)(?:monitor(?:ing)?|checker|validator|scanner|prober?|fetch(?:er)?|download(?:er)?|archiver|indexer"
    r"|harvester|analy[sz]er|inspector|audit(?:or)?|preview(?:er)?|unfurl(?:er)?|healthcheck|screenshots?"
    r"|thumbnails?|aggregator|rss|feed|feedparser|feedreader|transcoder|verifier|grabber|extractor|collector"
    r"|survey|synthetics?)(?:[/;) ]|$)"
)
DESKTOP: Final = ((CRAWLER, r"https?://|\bwww\.[a-z]"), (CRAWLER, TOOLS))
"""Patterns for browsers on desktops: many an app on a telephone shows its site, or is called a scanner or a reader."""

ORDER: Final = (PREVIEW, HEADLESS, LIBRARY, CRAWLER)
"""Where several rules match, the most specific kind is given."""
