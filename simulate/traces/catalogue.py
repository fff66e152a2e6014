"""Every trace by its name. Pure."""

from random import Random
from typing import Final

import msgspec

from simulate.traces.changing_addresses import draw_proxies, draw_tor
from simulate.traces.habits import draw_background, draw_coupon_tabs, draw_double_taps, draw_newsletter, draw_web_views
from simulate.traces.mail_scanners import draw_mail_gateway, draw_quote_pairs, draw_twin
from simulate.traces.model import Recipe, Trace, TraceParameters, TraceRequest
from simulate.traces.scripts import draw_attack, draw_burst, draw_slow_bot
from simulate.traces.shared_addresses import draw_nat, draw_office, draw_relay
from simulate.traces.timing import MINUTE

LEAD: Final = 5 * MINUTE
"""Ordinary people come this long before the machines."""

RECIPES: Final = {
    "office": Recipe(draw_office, 200, "people"),
    "nat": Recipe(draw_nat, 500, "people"),
    "relay": Recipe(draw_relay, 300, "people"),
    "webviews": Recipe(draw_web_views, 400, "people"),
    "coupon-tabs": Recipe(draw_coupon_tabs, 150, "people"),
    "double-taps": Recipe(draw_double_taps, 200, "people"),
    "newsletter": Recipe(draw_newsletter, 1500, "people"),
    "mail-gateway": Recipe(draw_mail_gateway, 200, "recipients", background=300),
    "twin": Recipe(draw_twin, 150, "readers", background=150),
    "quote-pairs": Recipe(draw_quote_pairs, 100, "links", background=500),
    "burst": Recipe(draw_burst, 300, "requests", background=300),
    "slow-bot": Recipe(draw_slow_bot, 320, "requests", background=300),
    "proxies": Recipe(draw_proxies, 300, "requests", background=700),
    "tor": Recipe(draw_tor, 300, "people and requests", background=300),
    "attack": Recipe(draw_attack, 400, "requests", background=300),
}
"""In the order of docs/traces.md, which describes them: first people, then machines."""


def make_trace(name: str, parameters: TraceParameters) -> Trace:
    """Make a trace of the catalogue. Raises KeyError for an unknown name, ValueError for a size that cannot be."""
    recipe, seed = RECIPES[name], f"{name} {parameters.seed}"
    size = recipe.size if parameters.size is None else parameters.size
    people = recipe.background if parameters.background is None else parameters.background
    if size < 1 or people < 0:
        raise ValueError(f"A trace has at least one of its {recipe.unit}, and no fewer than 0 other people")
    requests = list(recipe.draw(Random(seed), parameters.codes, size))  # noqa: S311 - the same seed, the same requests
    if people:
        last_ms = LEAD + max(request.at_ms for request in requests)
        around = draw_background(Random(f"{seed} background"), parameters.codes, people, last_ms)  # noqa: S311 - as above
        requests = [*map(delay, requests), *around]
    requests.sort(key=lambda request: request.at_ms)
    return Trace(name, parameters.seed, tuple(requests if parameters.is_https else map(strip_secure, requests)))


def delay(request: TraceRequest) -> TraceRequest:
    return msgspec.structs.replace(request, at_ms=request.at_ms + LEAD)


def strip_secure(request: TraceRequest) -> TraceRequest:
    """Leave out the headers that browsers send over https only: client hints and Sec-Fetch."""
    kept = tuple((name, value) for name, value in request.headers if not name.startswith("Sec-"))
    return msgspec.structs.replace(request, headers=kept)
