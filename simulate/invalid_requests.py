"""Requests that are not visits: unknown and malformed codes, other paths, other methods. Pure."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from simulate.rng import Weighted, draw_one, draw_word

LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
EXPIRED: Final = ("summer-24", "black-friday", "xmas25", "welcome10", "test", "index", "a")

MALFORMED: Final = (
    "{code}.",  # a link at the end of a sentence
    "{code})",
    "{code},",
    "{code}%20",
    "{code}%22",
    "{code}%E2%80%A6",
    "{code}&utm_source=mail",  # the question mark is missing
    "{code}/extra",
    "%7Bcode%7D",  # a template that was not filled in
    "",
    "%00",
    "a%0d%0aSet-Cookie:%20x=1",
    "a%2fb",
    "..%2f..%2fetc%2fpasswd",
    "%ff%fe",
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "{long}",
    "{longest}",
)
ELSEWHERE: Final = (
    "/",
    "/favicon.ico",
    "/robots.txt",
    "/apple-touch-icon.png",
    "/.env",
    "/.git/config",
    "/wp-login.php",
    "/ref",
    "/REF/{code}",
    "/refs/{code}",
)
METHODS: Final = ("POST", "OPTIONS", "PUT", "DELETE", "PATCH")


def draw_unknown(rng: Random, codes: Sequence[str]) -> str:
    """Draw a well-formed code that is not among `codes`: mistyped, of an expired campaign, or random."""
    while True:
        drawn = UNKNOWN.draw(rng)(rng, codes)
        if drawn and drawn not in codes:
            return drawn


def mistype(rng: Random, codes: Sequence[str]) -> str:
    """Mistype a code: a letter missing, doubled or swapped with the next, or wrong capitals."""
    code = draw_one(rng, codes)
    at = int(rng.random() * len(code))
    mistyped = (
        code[:at] + code[at + 1 :],
        code[:at] + code[at : at + 1] * 2 + code[at + 1 :],
        code[:at] + code[at + 1 : at + 2] + code[at : at + 1] + code[at + 2 :],
        code.upper(),
        code.title(),
    )
    return draw_one(rng, mistyped)[:64]


def draw_expired(rng: Random, _: Sequence[str]) -> str:
    return draw_one(rng, EXPIRED)


def draw_random(rng: Random, _: Sequence[str]) -> str:
    return draw_word(rng, 10, LETTERS)


UNKNOWN: Final = Weighted[Callable[[Random, Sequence[str]], str]](((mistype, 5), (draw_expired, 2), (draw_random, 3)))


def draw_malformed(rng: Random, code: str) -> str:
    """Draw a malformed code; ASCII, without spaces."""
    return draw_one(rng, MALFORMED).format(code=code, long="A" * 65, longest="A" * 4096)


def draw_elsewhere(rng: Random, code: str) -> str:
    """Draw a path that is not a tracking link."""
    return draw_one(rng, ELSEWHERE).format(code=code)
