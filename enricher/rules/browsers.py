"""Browsers and systems that ua-parser does not know, or takes for the engine they are built on: data only."""

import re
from typing import Final

ENGINE_FAMILIES: Final = frozenset(
    (
        "Chrome",
        "Chrome Mobile",
        "Chrome Mobile WebView",
        "Chromium",
        "Safari",
        "Mobile Safari",
        "Mobile Safari UI/WKWebView",
        "Firefox",
        "Firefox Mobile",
        "Android",
    )
)
"""ua-parser's names for browsers on which others are built. Any other name of its own stands."""

BROWSERS: Final = {
    "360ee": "360 Browser",
    "360se": "360 Browser",
    "alohabrowser": "Aloha Browser",
    "aolshield": "AOL Shield",
    "avast": "Avast Secure Browser",
    "avg": "AVG Secure Browser",
    "barcelona": "Threads",
    "bidubrowser": "Baidu Browser",
    "ccleaner": "CCleaner Browser",
    "coast": "Opera Coast",
    "coc_coc_browser": "Coc Coc",
    "daumapps": "Daum",
    "edg": "Edge",
    "edga": "Edge Mobile",
    "edgios": "Edge Mobile",
    "epic": "Epic",
    "falkon": "Falkon",
    "floorp": "Floorp",
    "focus": "Firefox Focus",
    "gsa": "Google",
    "heytapbrowser": "HeyTap Browser",
    "huaweibrowser": "Huawei Browser",
    "iron": "Iron",
    "kakaotalk": "KakaoTalk",
    "kiwi": "Kiwi",
    "klar": "Firefox Focus",
    "lbbrowser": "Liebao",
    "librewolf": "LibreWolf",
    "linkedinapp": "LinkedIn",
    "miuibrowser": "MiuiBrowser",
    "naver": "Naver",
    "norton": "Norton Private Browser",
    "opios": "Opera Mini",
    "phoenix": "Phoenix",
    "puffin": "Puffin",
    "qihu": "360 Browser",
    "quark": "Quark",
    "samsungbrowser": "Samsung Internet",
    "sidekick": "Sidekick",
    "snapchat": "Snapchat",
    "ucbrowser": "UC Browser",
    "vivaldi": "Vivaldi",
    "vivobrowser": "Vivo Browser",
    "waterfox": "Waterfox",
    "webpositive": "WebPositive",
    "whale": "Whale",
    "yabrowser": "Yandex Browser",
}
"""Product to name; ua-parser's name where it has one for other versions of the same browser."""

BRANDS: Final = {
    "Brave": "Brave",
    "DuckDuckGo": "DuckDuckGo",
    "Opera GX": "Opera",
    "Whale": "Whale",
}
"""Brands of `Sec-CH-UA` whose user agents say Chrome and nothing else."""

NAMELESS_SYSTEMS: Final = (
    ("OpenHarmony", re.compile(r"OpenHarmony[ /]?([\d.]+)?")),
    ("HarmonyOS", re.compile(r"HarmonyOS[ /]?([\d.]+)?")),
    ("PlayStation", re.compile(r"(?i)playstation()|\bPSP\b")),
    ("Nintendo", re.compile(r"Nintendo()")),
    ("Symbian OS", re.compile(r"(?:SymbianOS/|SymbOS|Series ?60/)([\d.]+)?")),
    ("OS/2", re.compile(r"OS/2(?:; Warp ([\d.]+))?")),
    ("Haiku", re.compile(r"\bHaiku()")),
    ("BeOS", re.compile(r"\bBeOS()")),
    ("AmigaOS", re.compile(r"\bAmiga(?:OS)?[ /]?([\d.]+)?")),
    ("MorphOS", re.compile(r"\bMorphOS[ /]?([\d.]+)?")),
    ("RISC OS", re.compile(r"RISC[ -]OS[ /]?([\d.]+)?")),
    ("IRIX", re.compile(r"\bIRIX(?:64)?[ /]?([\d.]+)?")),
    ("HP-UX", re.compile(r"\bHP-UX()")),
    ("AIX", re.compile(r"\bAIX[ /]?([\d.]+)?")),
    ("Bada", re.compile(r"\b[Bb]ada/([\d.]+)")),
    ("webOS", re.compile(r"(?:hpwOS|webOS)/([\d.]+)?")),
    ("Linux", re.compile(r"\bLinux\b()")),
)
"""Systems that ua-parser does not name, each with the place of its version."""
SYSTEM_NAMES: Final = {"Web0S": "webOS"}
"""LG writes a zero."""
