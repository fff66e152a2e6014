"""Small charts of series, drawn by the server. Pure."""

from collections.abc import Sequence
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


def draw_sparkline(series: Sequence[int], unit: str) -> Sparkline | None:
    """Draw a series from zero to its largest number. Null if a line needs more points."""
    if len(series) <= 1:
        return None
    top = max(*series, 1)
    step = (WIDTH - 2 * INSET) / (len(series) - 1)
    points = [
        (round(INSET + number * step, 1), round(HEIGHT - INSET - value * (HEIGHT - 2 * INSET) / top, 1))
        for number, value in enumerate(series)
    ]
    line = " ".join(f"{x:g},{y:g}" for x, y in points)
    bottom = HEIGHT - INSET
    words = f"{min(series):,} to {max(series):,} each {unit}, {series[-1]:,} in the last"
    return Sparkline(line, f"{INSET},{bottom} {line} {WIDTH - INSET},{bottom}", words)
