"""Requests that are no visit of a link: unknown and impossible codes, other paths, other methods. Pure."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from simulate.rng import Weighted, draw_one, draw_word

LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
GONE: Final = ("summer-24", "black-friday", "xmas25", "welcome10", "test", "index", "a")

MALFORMED: Final = (
    "{code}.",  # a link at the end of a sentence
    "{code})",
    "{code},",
    "{code}%20",
    "{code}%22",
    "{code}%E2%80%A6",
    "{code}&utm_source=mail",  # whoever put it together forgot the question mark
    "{code}/extra",
    "%7Bcode%7D",  # a template nobody filled in
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
    """Draw a code that could be one and is none of `codes`: mistyped, of a campaign long over, or guessed."""
    while True:
        drawn = UNKNOWN.draw(rng)(rng, codes)
        if drawn and drawn not in codes:
            return drawn


def mistype(rng: Random, codes: Sequence[str]) -> str:
    """Type a code as people do: a letter left out, doubled, swapped with the next, or all in capitals."""
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


def recall(rng: Random, _: Sequence[str]) -> str:
    return draw_one(rng, GONE)


def guess(rng: Random, _: Sequence[str]) -> str:
    return draw_word(rng, 10, LETTERS)


UNKNOWN: Final = Weighted[Callable[[Random, Sequence[str]], str]](((mistype, 5), (recall, 2), (guess, 3)))


def draw_malformed(rng: Random, code: str) -> str:
    """Draw what stands in the place of a code and cannot be one; ASCII, without a space."""
    return draw_one(rng, MALFORMED).format(code=code, long="A" * 65, longest="A" * 4096)


def draw_elsewhere(rng: Random, code: str) -> str:
    """Draw a path that is no tracking link."""
    return draw_one(rng, ELSEWHERE).format(code=code)
