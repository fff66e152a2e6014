"""Changes against another range, in words. Pure."""

from typing import Final, Literal

import msgspec

MINUS: Final = "\N{MINUS SIGN}"
MOST_PERCENT: Final = 999
WHOLE_PERCENT: Final = 10


class Delta(msgspec.Struct, frozen=True):
    """A change: its words, the number before, and whether it is welcome."""

    words: str
    before: int
    trend: Literal["up", "down", "even"] = "even"


def compare(now: int, before: int, *, is_good: bool | None) -> Delta:
    """Compare two counts. `is_good` says whether more is welcome; null if neither is."""
    if now == before == 0:
        return Delta("", before)
    if now == before:
        return Delta("±0 %", before)
    is_welcome = (now > before) == is_good
    trend: Literal["up", "down", "even"] = "even" if is_good is None else "up" if is_welcome else "down"
    if before == 0:
        return Delta("new", before, trend)
    percent = 100 * (now - before) / before
    if percent > MOST_PERCENT:
        return Delta(f"×{now / before:,.0f}", before, trend)  # noqa: RUF001 - times
    digits = 1 if abs(percent) < WHOLE_PERCENT else 0
    return Delta(f"{'+' if percent > 0 else MINUS}{abs(percent):.{digits}f} %", before, trend)
