"""Weights and limits of the signals: defaults, a file that changes some of them, and a program's own. Pure.

A rules file is JSON: `{"name": "acme", "version": "3", "values": {"client_rate_limit_60s": 20}}`. It names only what
differs from the defaults (docs/quality.md lists them all). A program's own values come with each click.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from quality.carriers import CARRIERS

DEFAULT_NAME: Final = "clickrail"
DEFAULT_VERSION: Final = "1"
LARGEST_LIMIT: Final = 1_000_000.0

DEFAULTS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "declared_bot_weight": 0.97,
        "odd_user_agent_weight": 0.5,
        "odd_user_agent_limit_shortest": 25.0,
        "odd_user_agent_limit_longest": 400.0,
        "prefetch_weight": 0.97,
        "hosting_network_weight": 0.35,
        "tor_exit_weight": 0.5,
        "vpn_network_weight": 0.15,
        "mail_security_network_weight": 0.9,
        "mail_security_network_weight_probable": 0.5,
        "no_accept_language_weight": 0.5,
        "hints_contradict_weight": 0.7,
        "hints_missing_weight": 0.35,
        "not_a_navigation_weight": 0.5,
        "stale_browser_weight": 0.25,
        "stale_browser_limit": 24.0,
        "duplicate_click_weight": 0.1,
        "duplicate_click_weight_repeated": 0.5,
        "duplicate_click_limit": 3.0,
        "client_rate_weight_60s": 0.4,
        "client_rate_limit_60s": 10.0,
        "client_rate_weight_600s": 0.5,
        "client_rate_limit_600s": 20.0,
        "network_rate_weight": 0.3,
        "network_rate_limit": 60.0,
        "network_rate_limit_per_client": 8.0,
        "link_sweep_weight": 0.8,
        "link_sweep_limit": 3.0,
        "twin_click_weight": 0.7,
        "machine_rhythm_weight": 0.6,
        "machine_rhythm_limit": 0.1,
        "machine_rhythm_limit_clicks": 6.0,
        "wide_client_weight": 0.3,
        "wide_client_limit": 5.0,
        "guard_limit_clicks": 10.0,
        "guard_limit_share": 0.5,
        "shared_network_limit_clients": 10.0,
        "shared_network_limit_cookies": 3.0,
        "shared_network_limit_factor": 3.0,
        "rate_cap_weight": 0.55,
        "givt_weight": 0.9,
        "band_limit_suspicious": 30.0,
        "band_limit_likely_invalid": 60.0,
        "band_limit_invalid": 90.0,
    }
)


class RulesError(Exception):
    """Rules that cannot be used. The message names what is wrong and what to do."""


class RulesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a rules file, which changes some of the defaults."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9_-]{1,40}\Z")]
    version: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,20}\Z")]
    values: dict[str, float]


class Rules(msgspec.Struct, frozen=True, eq=False):
    """Every weight and limit, by name, and the `stamp` that each scored click carries.

    The stamp has name, version, and a SHA-256 of what the score reads beside the click's facts: `write_stamp`.
    """

    values: Mapping[str, float]
    stamp: str

    def __eq__(self, other: object) -> bool:
        # The stamp contains a digest of the values.
        return isinstance(other, Rules) and other.stamp == self.stamp

    def __hash__(self) -> int:
        return hash(self.stamp)


def read_rules(data: bytes) -> Rules:
    """Read a rules file. Raises RulesError for what is no rules file, an unknown name, or a value out of range."""
    try:
        file = msgspec.json.decode(data, type=RulesFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RulesError(f"not a rules file: {error}") from error
    if problems := find_problems(file.values):
        raise RulesError("; ".join(problems))
    return make_rules(file.name, file.version, file.values)


def find_problems(values: Mapping[str, float]) -> list[str]:
    """Say what is wrong with these values: unknown names, weights outside 0 to 1, limits outside 0 to a million."""
    problems = []
    for name, value in values.items():
        if name not in DEFAULTS:
            nearest = get_close_matches(name, DEFAULTS, 1)
            problems.append(f"{name}: no rule has this name" + (f"; did you mean {nearest[0]}?" if nearest else ""))
        elif not 0 <= value <= (1 if is_weight(name) else LARGEST_LIMIT):
            problems.append(f"{name}: {value:g} is not between 0 and {1 if is_weight(name) else LARGEST_LIMIT:g}")
    return problems


def is_weight(name: str) -> bool:
    """Tell whether a value is a weight or a share, 0 to 1, and not a limit."""
    return "_weight" in name or name in ("guard_limit_share", "machine_rhythm_limit")


def make_rules(name: str, version: str, changes: Mapping[str, float]) -> Rules:
    values = {**DEFAULTS, **changes}
    return Rules(values, write_stamp(name, version, values, CARRIERS))


def write_stamp(name: str, version: str, values: Mapping[str, float], carriers: Iterable[int]) -> str:
    """Name the rules. Carriers are built in, and decide which networks are shared: another list is another stamp."""
    content = {"values": dict(values), "carriers": sorted(carriers)}
    return f"{name} {version} {sha256(msgspec.json.encode(content, order='sorted')).hexdigest()[:12]}"


DEFAULT_RULES: Final = make_rules(DEFAULT_NAME, DEFAULT_VERSION, {})


def override(rules: Rules, program: Mapping[str, float] | None) -> Rules:
    """Give the rules with a program's own values. Values that are no rules are ignored: an older record's may be."""
    return override_cached(rules, tuple(sorted(program.items()))) if program else rules


@lru_cache(256)
def override_cached(rules: Rules, changes: tuple[tuple[str, float], ...]) -> Rules:
    valid = {name: value for name, value in changes if not find_problems({name: value})}
    digest = sha256(msgspec.json.encode(valid, order="sorted")).hexdigest()
    return Rules({**rules.values, **valid}, f"{rules.stamp} program {digest[:12]}")
