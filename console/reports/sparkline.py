"""Small charts of series, drawn by the server. Pure."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

WIDTH: Final = 96
HEIGHT: Final = 24
INSET: Final = 2


class Sparkline(msgspec.Struct, frozen=True):
    """The points of a line from the left, `x,y` each, the same as an area, and what it shows in words."""

    line: str
    area: str
    words: str
    width: int = WIDTH
    height: int = HEIGHT


@lru_cache(maxsize=128)
def list_steps(number: int) -> tuple[str, ...]:
    """List where so many points stand from the left."""
    step = (WIDTH - 2 * INSET) / (number - 1)
    return tuple(f"{round(INSET + place * step, 1):g}" for place in range(number))


def draw_sparkline(series: Sequence[int], unit: str) -> Sparkline | None:
    """Draw a series from zero to its largest number. Null if a line needs more points."""
    if len(series) <= 1:
        return None
    top = max(*series, 1)
    scale = (HEIGHT - 2 * INSET) / top
    heights = (f"{round(HEIGHT - INSET - value * scale, 1):g}" for value in series)
    line = " ".join(f"{x},{y}" for x, y in zip(list_steps(len(series)), heights, strict=True))
    bottom = HEIGHT - INSET
    words = f"{min(series):,} to {max(series):,} each {unit}, {series[-1]:,} in the last"
    return Sparkline(line, f"{INSET},{bottom} {line} {WIDTH - INSET},{bottom}", words)
