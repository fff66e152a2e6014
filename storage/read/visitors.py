"""Who made a click, as SQL conditions by name. Pure, and without imports: the sink counts by it, too."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

VISITORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "people": "NOT is_bot AND NOT prefetch AND NOT is_test AND bot_kind IS DISTINCT FROM 'app_fetch'",
        "bots": "is_bot AND NOT is_test",
        "app_fetches": "bot_kind = 'app_fetch' AND NOT is_bot AND NOT prefetch AND NOT is_test",
        "prefetches": "prefetch AND NOT is_bot AND NOT is_test",
        "tests": "is_test",
    }
)
"""Who made a click. Each click is in exactly one group: a test is only a test, and a bot's prefetch is a bot's."""
