"""The browser's name and version, and the system's where ua-parser names none. PURE."""

import re
from typing import Final

import msgspec
from ua_parser import OS, Result
from ua_parser import UserAgent as Browser

from enricher.rules.browsers import BRANDS, BROWSERS, ENGINE_FAMILIES, NAMELESS_SYSTEMS, SYSTEM_NAMES
from enricher.steps.agent_tokens import AgentTokens, name_of
from schemas import ClientHints

VERSION: Final = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,2}")
PARTS: Final = re.compile(r"[/;(]")


class Named(msgspec.Struct, frozen=True, gc=False):
    """A browser or a system."""

    name: str | None
    version: str | None


def choose_browser(tokens: AgentTokens, parsed: Result, hints: ClientHints | None) -> Named:
    """Give ua-parser's browser, or the one built on it, which names itself in a product or in a hint."""
    found = parsed.user_agent
    if found is not None and found.family not in ENGINE_FAMILIES:
        return Named(found.family, join_version(found))
    for word in (*tokens.words, *tokens.brackets):
        name = BROWSERS.get(name_of(PARTS.split(word, maxsplit=1)[0]))
        if name is not None:
            version = VERSION.search(word.partition("/")[2])
            return Named(name, version[0] if version else None)
    brands = (hints.ua if hints else None) or ""
    name = next((name for brand, name in BRANDS.items() if f'"{brand}"' in brands), None)
    return Named(name or (found.family if found else None), join_version(found))


def choose_parsed_system(tokens: AgentTokens, parsed: OS | None) -> Named:
    if parsed is not None:
        return Named(SYSTEM_NAMES.get(parsed.family, parsed.family), join_version(parsed))
    for name, pattern in NAMELESS_SYSTEMS:
        if found := pattern.search(tokens.text):
            return Named(name, found[1] or None)
    return Named(None, None)


def join_version(named: OS | Browser | None) -> str | None:
    parts = (named.major, named.minor, named.patch) if named else ()
    return ".".join(part for part in parts if part) or None
