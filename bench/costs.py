"""What a click costs each process, in units of a bare redirect. Pure."""

from collections.abc import Mapping

import msgspec


class Costs(msgspec.Struct, frozen=True):
    """CPU seconds of each process over a number of clicks, and those of a bare redirect."""

    seconds: Mapping[str, float]
    clicks: int
    bare_s: float

    def units(self) -> dict[str, float]:
        """Give each process's CPU per click as a multiple of a bare redirect's."""
        return {name: seconds / self.clicks / self.bare_s for name, seconds in self.seconds.items()}

    @property
    def total(self) -> float:
        return sum(self.units().values())

    def describe(self) -> str:
        parts = ", ".join(f"{name} {units:.2f}" for name, units in self.units().items())
        return f"{self.total:.1f} x: {parts}"


def subtract(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {name: seconds - before[name] for name, seconds in after.items()}
