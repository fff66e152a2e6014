"""Draws times, in whole milliseconds. Pure."""

from math import exp, log
from random import Random
from statistics import NormalDist
from typing import Final

SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

STANDARD: Final = NormalDist()
SMALLEST: Final = 1e-9


def draw_between(rng: Random, first_ms: float, last_ms: float) -> int:
    """Draw a time, each equally likely."""
    return round(first_ms + (last_ms - first_ms) * rng.random())


def draw_lognormal(rng: Random, median_ms: float, sigma: float) -> int:
    """Draw a delay with a median and a long tail, as reactions of people and queues have."""
    return round(median_ms * exp(sigma * STANDARD.inv_cdf(max(rng.random(), SMALLEST))))


def draw_exponential(rng: Random, mean_ms: float, most_ms: float) -> int:
    """Draw a delay that gets less likely the longer it is, at most `most_ms`."""
    return round(min(-mean_ms * log(max(1 - rng.random(), SMALLEST)), most_ms))
