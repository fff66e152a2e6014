"""Explains what a visit of a link would get, and why. Pure: the answer of a lookup goes in, sentences come out."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from referrals.answers import Answer, Found, Paused, Unavailable
from referrals.model import Program
from schemas.reasons import (
    MALFORMED_CODE,
    PAUSED_AFFILIATE,
    PAUSED_CODE,
    PAUSED_PROGRAM,
    STORES_AWAY,
    UNKNOWN_CODE,
    Reason,
)
from urls.codes import is_code
from urls.queries import fold_name, names_in, split_link
from urls.targets import CLICK_MACROS, find_unknown_macro, macros_of

PATH: Final = re.compile(r"/ref/([^/]*)")
REASON_OF_PAUSE: Final[dict[Paused, Reason]] = {
    "code": PAUSED_CODE,
    "affiliate": PAUSED_AFFILIATE,
    "program": PAUSED_PROGRAM,
}
LOST: Final = "404, or CLICKRAIL_INGEST_FALLBACK_URL where it is set"


class Asked(msgspec.Struct, frozen=True):
    """A code as it would reach ingest, and the link's scheme and host where it was a link."""

    code: str
    origin: str | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What a visit gets (`answer`, `location`), whether it counts as a click, and why, in sentences.

    `https` is whether visitors reach ingest by it, null when that is not known. `why` may end in warnings.
    """

    code: str
    answer: str
    counted: bool
    location: str | None = None
    found: Found | None = None
    sets_cookie: bool = False
    https: bool | None = None
    why: list[str]


def read_asked(text: str) -> Asked:
    """Read a code, or the link it stands in. Percent signs are decoded, as ingest does."""
    if "/" not in text:
        return Asked(text, None)
    try:
        parts = urlsplit(text)
    except ValueError:
        return Asked(text, None)
    match = PATH.fullmatch(parts.path)
    return Asked(unquote(match[1]) if match else parts.path, f"{parts.scheme}://{parts.netloc}")


def explain(asked: Asked, answer: Answer, public_url: str | None) -> Explanation:
    """Explain the answer for a code; `public_url` is where visitors reach ingest, when it is known."""
    if isinstance(answer, Found):
        return explain_found(asked, answer, public_url)
    if isinstance(answer, Unavailable):
        return refuse(asked, STORES_AWAY, "503, or CLICKRAIL_INGEST_FALLBACK_URL where it is set")
    return refuse(asked, UNKNOWN_CODE if is_code(asked.code) else MALFORMED_CODE, LOST)


def refuse(asked: Asked, reason: Reason, answer: str) -> Explanation:
    return Explanation(code=asked.code, answer=answer, counted=False, why=[name_reason(reason), reason.remedy])


def explain_found(asked: Asked, found: Found, public_url: str | None) -> Explanation:
    paused = found.paused
    reached_at = public_url or asked.origin
    sets_cookie = paused is None and found.program.privacy == "full"
    warnings = find_warnings(asked, found, public_url)
    if paused:
        reason = REASON_OF_PAUSE[paused]
        source = "the program's fallback" if found.program.fallback_url else "the program's target: it has no fallback"
        why = [name_reason(reason), f"The visitor goes to {source}.", reason.remedy]
    else:
        why = [
            f"Code, affiliate {found.affiliate.id} and program {found.program.id} are active.",
            f"The target is the {'code' if found.code.target_url else 'program'}'s.",
            *([] if sets_cookie else [f"No cookie: the program's privacy policy is {found.program.privacy}."]),
            *describe_settings(found.program),
        ]
    return Explanation(
        code=asked.code,
        answer="302",
        counted=paused is None,
        location=found.fallback_url if paused else found.target_url,
        found=found,
        sets_cookie=sets_cookie,
        https=reached_at.lower().startswith("https:") if reached_at else None,
        why=[*why, *warnings],
    )


def describe_settings(program: Program) -> list[str]:
    """Say what a program's settings do, where they are not the usual ones."""
    said = []
    if program.token_parameter:
        said.append(f"The click token is added as {program.token_parameter}, where the target has no macro for it.")
    match program.pass_query:
        case "listed":
            listed = ", ".join(program.pass_names) or "none is listed"
            said.append(f"The visitor's parameters that are listed go on to the target: {listed}.")
        case "all":
            said.append("The visitor's parameters go on to the target; sub1 to sub5 and external_id where listed.")
    if program.deep_link_hosts:
        said.append(f"A visitor may choose a page of {', '.join(program.deep_link_hosts)} by ?url=.")
    if program.cookie_policy == "first":
        said.append("A visitor who has a valid cookie keeps it: the first click counts.")
    return said


def find_target_warnings(found: Found) -> list[str]:
    url, token = found.target_url, found.program.token_parameter
    warnings = []
    unknown = find_unknown_macro(url)
    if unknown:
        warnings.append(f"The target has {{{unknown}}} in it, which is no macro: it is sent as it stands.")
    if token and not macros_of(url) & CLICK_MACROS and fold_name(token) in names_in(split_link(url).query):
        warnings.append(f"No click token is added: the target names {token} itself.")
    if found.program.deep_link_hosts and not token:
        warnings.append("A page that a visitor chooses gets no click token: the program has no token_parameter.")
    return warnings


def find_warnings(asked: Asked, found: Found, public_url: str | None) -> list[str]:
    warnings = [] if found.paused else find_target_warnings(found)
    if asked.origin and public_url and asked.origin.lower() != public_url.rstrip("/").lower():
        warnings.append(f"The link leads to {asked.origin}, and visitors reach ingest at {public_url}.")
    host = urlsplit(public_url or asked.origin or "").hostname
    domain = found.program.cookie_domain
    if host and domain and not f".{host}".endswith(f".{domain}"):
        warnings.append(f"Browsers refuse the cookie: its domain {domain} does not cover {host}.")
    return warnings


def name_reason(reason: Reason) -> str:
    return f"{reason.number} {reason.title}: {reason.meaning}"
