"""Numbers of reports as people read them: counts, shares, changes. Pure."""

from typing import Final

MINUS: Final = "−"  # noqa: RUF001 - a real minus sign
TIMES: Final = "×"  # noqa: RUF001 - a real multiplication sign
NONE: Final = "–"  # noqa: RUF001 - an en dash stands for nothing
MOST_PERCENT: Final = 1000
TEN: Final = 10.0


def write_number(value: float | None, *, is_rate: bool) -> str:
    if value is None:
        return NONE
    return f"{value:.1%}" if is_rate else f"{value:,}"


def find_change(value: float | None, before: float | None, *, is_rate: bool) -> float | None:
    """Return the change in percent, of a rate in points of percent; null if there is none to tell."""
    if value is None or before is None:
        return None
    if is_rate:
        return (value - before) * 100
    return None if before == 0 else (value / before - 1) * 100


def write_change(value: float | None, before: float | None, *, is_rate: bool) -> str:
    """Write the change against before: `+12%`, `-3.4%` with a minus sign, `+1.2 pp`, `new`, or nothing."""
    change = find_change(value, before, is_rate=is_rate)
    if change is None:
        return "new" if before == 0 and value else ""
    if change > MOST_PERCENT:
        return f"{TIMES}{round(change / 100 + 1):,}"
    digits = 1 if is_rate or abs(change) < TEN else 0
    text = f"{abs(change):.{digits}f}".removesuffix(".0")
    sign = "" if text == "0" else "+" if change > 0 else MINUS
    return f"{sign}{text}{' pp' if is_rate else '%'}"


def find_tone(change: float | None, *, is_good: bool | None) -> str:
    """Return how a change looks: `up` is welcome, `down` is not, and nothing is neither."""
    if change is None or is_good is None or abs(change) < 0.05:  # noqa: PLR2004 - it is shown as 0
        return ""
    return "up" if (change > 0) == is_good else "down"
