"""Browsers and in-app browsers of 2025 and 2026, by share, with the headers each one sends. Pure."""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from simulate.rng import Weighted

Engine = Literal["chromium", "gecko", "webkit"]
Header = tuple[str, str]

# Shares need not be exact: every kind must occur, and the rare ones rarely.
# Versions and weights; in `130|28.0` the first is the Chromium version, the second the browser's own.
VERSIONS: Final = {
    "chrome": {"150": 34, "149": 22, "148": 14, "146": 10, "144": 8, "142": 7, "138": 5},
    "edge": {"150": 50, "149": 30, "146": 20},
    "firefox": {"151": 45, "150": 20, "148": 15, "145": 8, "140": 12},
    "safari": {"26.4": 45, "26.3": 15, "26.2": 12, "26.1": 8, "18.6": 14, "17.6": 6},
    "samsung": {"136|29.0": 70, "130|28.0": 30},
    "opera": {"146|130": 60, "144|128": 40},
    "phones": {
        "150|SM-S938B": 16,
        "150|SM-A556B": 18,
        "150|SM-S918B": 12,
        "150|Pixel 9": 12,
        "149|Pixel 7a": 8,
        "150|CPH2557": 10,
        "149|23106RN0DA": 12,
        "148|moto g84 5G": 6,
        "148|V2318": 6,
    },
    "iphones": {"iPhone17,3": 30, "iPhone16,2": 30, "iPhone15,3": 25, "iPhone14,5": 15},
}
OWN_VERSION: Final = frozenset({"Opera", "Samsung Internet"})
"""Brands with version numbers other than Chromium's."""

# share | engine | versions, by name or the only one | brand and platform of client hints, which only Chromium sends |
# mobile | shares of its users with Global Privacy Control and with Do Not Track | app whose links it opens | user agent
TABLE: Final = """
17 | chromium | chrome | Google Chrome | Windows | - | 0.01 | 0.05 | - | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{c}.0.0.0 Safari/537.36
5 | chromium | chrome | Google Chrome | macOS | - | 0.01 | 0.05 | - | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{c}.0.0.0 Safari/537.36
1.2 | chromium | chrome | Google Chrome | Linux | - | 0.01 | 0.1 | - | Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{c}.0.0.0 Safari/537.36
0.6 | chromium | chrome | Google Chrome | Chrome OS | - | 0.01 | 0.02 | - | Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{c}.0.0.0 Safari/537.36
5.5 | chromium | edge | Microsoft Edge | Windows | - | 0.01 | 0.04 | - | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{c}.0.0.0 Safari/537.36 Edg/{c}.0.0.0
1.1 | chromium | chrome | Brave | Windows | - | 1 | 0.02 | - | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{c}.0.0.0 Safari/537.36
0.9 | chromium | opera | Opera | Windows | - | 0.01 | 0.02 | - | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{c}.0.0.0 Safari/537.36 OPR/{v}.0.0.0
2.6 | gecko | firefox | - | - | - | 0.08 | 0.12 | - | Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0
0.7 | gecko | firefox | - | - | - | 0.1 | 0.12 | - | Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:{v}.0) Gecko/20100101 Firefox/{v}.0
0.6 | gecko | firefox | - | - | - | 0.2 | 0.25 | - | Mozilla/5.0 (X11; Linux x86_64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0
4.5 | webkit | safari | - | - | - | 0 | 0 | - | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{v} Safari/605.1.15
0.2 | webkit | 18.6 | - | - | - | 1 | 0.02 | - | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15 Ddg/18.6
17 | webkit | safari | - | - | mobile | 0 | 0 | - | Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{v} Mobile/15E148 Safari/604.1
1.2 | webkit | safari | - | - | - | 0 | 0 | - | Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{v} Mobile/15E148 Safari/604.1
1.8 | webkit | chrome | - | - | mobile | 0 | 0 | - | Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/{v}.0.7444.77 Mobile/15E148 Safari/604.1
0.9 | webkit | 388 | - | - | mobile | 0 | 0 | google | Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/{v}.0.811331708 Mobile/15E148 Safari/604.1
0.2 | webkit | firefox | - | - | mobile | 0 | 0 | - | Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/{v}.0 Mobile/15E148 Safari/605.1.15
0.3 | webkit | 18.6 | - | - | mobile | 1 | 0.02 | - | Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15
17 | chromium | chrome | Google Chrome | Android | mobile | 0.01 | 0.02 | - | Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{c}.0.0.0 Mobile Safari/537.36
0.8 | chromium | chrome | Google Chrome | Android | - | 0.01 | 0.02 | - | Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{c}.0.0.0 Safari/537.36
3.4 | chromium | samsung | Samsung Internet | Android | mobile | 0.01 | 0.02 | - | Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/{v} Chrome/{c}.0.0.0 Mobile Safari/537.36
0.4 | gecko | firefox | - | - | mobile | 0.15 | 0.1 | - | Mozilla/5.0 (Android 15; Mobile; rv:{v}.0) Gecko/{v}.0 Firefox/{v}.0
0.3 | chromium | 139 | Opera | Android | mobile | 0.01 | 0.02 | - | Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{c}.0.0.0 Mobile Safari/537.36 OPR/92.0.0.0
3.5 | webkit | iphones | - | - | mobile | 0 | 0 | instagram | Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 397.0.0.27.84 ({v}; iOS 18_5; en_US; en; scale=3.00; 1290x2796; 790134462; IABMV/1)
3 | chromium | phones | Android WebView | Android | mobile | 0.01 | 0.02 | instagram | Mozilla/5.0 (Linux; Android 15; {v} Build/AP3A.240905.015; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/{c}.0.7444.102 Mobile Safari/537.36 Instagram 406.0.0.58.159 Android (35/15; 480dpi; 1080x2400; samsung; {v}; e1q; qcom; en_US; 822918295; IABMV/1)
2 | webkit | iphones | - | - | mobile | 0 | 0 | facebook | Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/518.0.0.52.100;FBBV/746190271;FBDV/{v};FBMD/iPhone;FBSN/iOS;FBSV/18.5;FBSS/3;FBID/phone;FBLC/en_US;FBOP/80]
2.2 | chromium | phones | Android WebView | Android | mobile | 0.01 | 0.02 | facebook | Mozilla/5.0 (Linux; Android 15; {v} Build/AP3A.240905.015; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/{c}.0.7390.122 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/533.0.0.48.109;IABMV/1;]
1.4 | webkit | 6DD1 | - | - | mobile | 0 | 0 | tiktok | Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 musical_ly_41.5.0 BytedanceWebview/d8a21c6 FalconTag/{v}
1.4 | chromium | phones | Android WebView | Android | mobile | 0.01 | 0.02 | tiktok | Mozilla/5.0 (Linux; Android 15; {v} Build/AP3A.240905.015; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/{c}.0.7339.207 Mobile Safari/537.36 trill_410503 JsSdk/1.0 NetType/WIFI Channel/googleplay AppName/musical_ly app_version/41.5.3 ByteLocale/en ByteFullLocale/en Region/GB BytedanceWebview/d8a21c6
0.4 | webkit | 9.31.4217 | - | - | mobile | 0 | 0 | linkedin | Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/{v}
0.4 | webkit | 1 | - | - | mobile | 0 | 0 | pinterest | Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [Pinterest/iOS]
0.3 | webkit | 1 | - | - | mobile | 0 | 0 | snapchat | Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Snapchat/13.58.0.40 (like Safari/8621.2.5, panda)
"""  # noqa: E501 - a table

# Engine -> Accept and Accept-Encoding of a navigation.
ACCEPTED: Final[dict[Engine, tuple[str, str]]] = {
    "chromium": (
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
        "gzip, deflate, br, zstd",
    ),
    "gecko": ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "gzip, deflate, br, zstd"),
    "webkit": ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "gzip, deflate, br"),
}


class Browser(msgspec.Struct, frozen=True):
    """One browser in one version.

    `headers` are the same in all its requests; `gpc` and `dnt` are the shares of its users who send these signals;
    `app` is the app that it is built into.
    """

    engine: Engine
    headers: tuple[Header, ...]
    gpc: float
    dnt: float
    app: str | None

    @property
    def user_agent(self) -> str:
        return dict(self.headers)["User-Agent"]


def find_browser(*parts: str, without: str | None = None) -> Browser:
    """Return the first browser whose user agent has all these parts. Raises StopIteration if there is none."""
    return next(
        browser
        for browser in BROWSERS
        if all(part in browser.user_agent for part in parts) and (without is None or without not in browser.user_agent)
    )


def write_brands(brand: str, brand_version: str, chromium: int) -> str:
    """Write Sec-CH-UA as Chromium does: three brands, one a GREASE value, ordered by the version."""
    odd = " (:-./);=?_"
    nonsense = f"Not{odd[chromium % 11]}A{odd[(chromium + 1) % 11]}Brand"
    version = ("8", "99", "24")[chromium % 3]
    spec = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))[chromium % 6]
    brands = [(nonsense, version), ("Chromium", str(chromium)), (brand, brand_version)]
    placed = sorted(zip(spec, brands, strict=True))
    return ", ".join(f'"{name}";v="{number}"' for _, (name, number) in placed)


def write_hints(brand: str, platform: str, own: str, chromium: str, *, mobile: bool) -> tuple[Header, ...]:
    brand_version = own if brand in OWN_VERSION else chromium
    return (
        ("Sec-CH-UA", write_brands(brand, brand_version, int(chromium))),
        ("Sec-CH-UA-Mobile", "?1" if mobile else "?0"),
        ("Sec-CH-UA-Platform", f'"{platform}"'),
    )


def read_rows(table: str) -> Iterator[tuple[Browser, float]]:
    """Return every browser of a table in each of its versions, with its weight."""
    for row in table.strip().splitlines():
        share, engine, versions, *rest = (cell.strip() for cell in row.split(" | "))
        weights = VERSIONS.get(versions, {versions: 1})
        for version, weight in weights.items():
            yield build(msgspec.convert(engine, Engine), version, rest), float(share) * weight / sum(weights.values())


def build(engine: Engine, version: str, cells: list[str]) -> Browser:
    brand, platform, mobile, gpc, dnt, app, user_agent = cells
    chromium, _, own = version.partition("|") if "|" in version else (version, "", version)
    user_agent = user_agent.replace("{c}", chromium).replace("{v}", own)
    hints = () if brand == "-" else write_hints(brand, platform, own, chromium, mobile=mobile == "mobile")
    accept, encoding = ACCEPTED[engine]
    headers = (
        *hints,
        ("Upgrade-Insecure-Requests", "1"),
        ("User-Agent", user_agent),
        ("Accept", accept),
        ("Accept-Encoding", encoding),
    )
    return Browser(engine, headers, float(gpc), float(dnt), None if app == "-" else app)


BROWSERS: Final = Weighted(read_rows(TABLE))
