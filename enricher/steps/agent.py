"""Who asks and with which device: the user agent is parsed once, and the answer is kept. PURE, but for the cache."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import msgspec
from ua_parser import Domain, load_lazy_builtins
from ua_parser.regex import Resolver

from enricher.rules.bots import HEADLESS
from enricher.steps.agent_tokens import split_agent
from enricher.steps.bots import load_bot_reader
from enricher.steps.device import load_device_reader
from schemas import Bot, ClientHints, Device
from schemas.fields import USER_AGENT_CAP

CACHED: Final = 4096
HEADLESS_BRAND: Final = "HeadlessChrome"
"""A brand in `Sec-CH-UA`, where the user agent may be that of a common browser."""


class Agent(msgspec.Struct, frozen=True, gc=False):
    bot: Bot
    device: Device


ReadAgent = Callable[[str | None, ClientHints | None], Agent]


def load_agent_reader() -> ReadAgent:
    """Load parser and rules. Takes 0.3 s and 34 MiB; an agent takes 100 us, or 0.3 us from the cache."""
    resolve = Resolver(load_lazy_builtins())
    read_bot, read_device = load_bot_reader(), load_device_reader()

    @lru_cache(CACHED)
    def read_agent(user_agent: str | None, hints: ClientHints | None) -> Agent:
        text = (user_agent or "")[:USER_AGENT_CAP]
        tokens = split_agent(text) if text.strip() else None
        parsed = resolve(text, Domain.ALL).complete()
        bot, device = read_bot(tokens, parsed), read_device(tokens, parsed, hints)
        if not bot.is_bot and hints is not None and HEADLESS_BRAND in (hints.ua or ""):
            bot = msgspec.structs.replace(bot, is_bot=True, reasons=[HEADLESS], kind="bot")
        return Agent(bot, msgspec.structs.replace(device, type="bot") if bot.is_bot else device)

    return read_agent
