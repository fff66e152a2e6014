"""Why a request was refused, by stable number. A number is never reused; `docs/reasons.md` is generated from here."""

import re
from typing import Final

import msgspec

PLACEHOLDER: Final = re.compile(r"\b(CODE|AFFILIATE_ID|PROGRAM_ID)\b")
NAMES_ONE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch
"""The format of a code or id. Nothing else is put into a command that people copy into a shell."""


class Reason(msgspec.Struct, frozen=True):
    """`group` gathers numbers for people: `code`, `paused`, `limits`, `purpose`, `outage`, `method`.

    The commands in `remedy` contain CODE, AFFILIATE_ID and PROGRAM_ID; `advise` replaces those that are known.
    """

    number: str
    group: str
    title: str
    meaning: str
    remedy: str


MALFORMED_CODE: Final = Reason(
    "R101",
    "code",
    "Malformed code",
    "The text after /ref/ cannot be a referral code: 1 to 64 of the characters A-Z, a-z, 0-9, _ and -. A path that"
    " is not below /ref/ is a 404, and no rejection.",
    "Look at `asked` for what was visited: usually a link that was cut, or text appended to it. Repair the link.",
)
UNKNOWN_CODE: Final = Reason(
    "R102",
    "code",
    "Unknown code",
    "The code is well formed, but no referral code of that name exists. Codes are case-sensitive.",
    "`clickrail code check CODE` names the codes that nearly match. Create the code, or repair the link; many different"
    " unknown codes are a scan.",
)
PAUSED_CODE: Final = Reason(
    "R201",
    "paused",
    "Code paused",
    "The referral code is paused: the visitor went to the program's fallback, without cookie or click.",
    "`clickrail code resume CODE` counts its clicks again.",
)
PAUSED_AFFILIATE: Final = Reason(
    "R202",
    "paused",
    "Affiliate paused",
    "The affiliate the code belongs to is paused: the visitor went to the program's fallback.",
    "`clickrail affiliate resume AFFILIATE_ID` counts the affiliate's clicks again.",
)
PAUSED_PROGRAM: Final = Reason(
    "R203",
    "paused",
    "Program paused",
    "The program the code belongs to is paused: the visitor went to its fallback.",
    "`clickrail program resume PROGRAM_ID` counts the program's clicks again.",
)
ARCHIVED_CODE: Final = Reason(
    "R204",
    "paused",
    "Code archived",
    "The referral code is archived: the visitor went to the program's fallback, without cookie or click.",
    "Links to an archived code are still in use: repair them, or let it count again with `clickrail code resume CODE`.",
)
ARCHIVED_AFFILIATE: Final = Reason(
    "R205",
    "paused",
    "Affiliate archived",
    "The affiliate the code belongs to is archived: the visitor went to the program's fallback.",
    "Links of an archived affiliate are still in use: `clickrail affiliate resume AFFILIATE_ID` lets them count again.",
)
ARCHIVED_PROGRAM: Final = Reason(
    "R206",
    "paused",
    "Program archived",
    "The program the code belongs to is archived: the visitor went to its fallback.",
    "Links to an archived program are still in use: `clickrail program resume PROGRAM_ID` lets them count again.",
)
CLIENT_LIMIT: Final = Reason(
    "R301",
    "limits",
    "Client over its limit",
    "One address (IPv4, or an IPv6 /64) asked for more clicks than CLICKRAIL_INGEST_CLIENT_RATE_PER_S and _CLIENT_BURST"
    " allow, and the program's `limit_policy` is skip (status 302) or refuse (429); or it was ten times over, which"
    " is a 302 without a click whatever the policy, and a 429 for a code that is not in memory, without a lookup.",
    "One hash with many of these is a script, or a proxy that CLICKRAIL_INGEST_TRUSTED_PROXIES does not name, so that"
    " all its visitors look like one. For large networks behind one address raise the limit, or use the policy flag.",
)
CODE_LIMIT: Final = Reason(
    "R302",
    "limits",
    "Code over its limit",
    "One referral code got more clicks than CLICKRAIL_INGEST_CODE_RATE_PER_S and _CODE_BURST allow, and the program's"
    " `limit_policy` is skip (status 302) or refuse (429); or it was ten times over, which is a 302 without a click"
    " whatever the policy.",
    "Look at where the clicks came from. For a successful campaign, raise the limit; a rate of 0 is no limit.",
)
REFUSED_PREFETCH: Final = Reason(
    "R401",
    "purpose",
    "Prefetch refused",
    "The browser fetched the link before the visitor followed it (prefetch, prerender, preload or preview), and was"
    " told to ask again on the real visit. Affiliate and program are recorded when the code was in memory.",
    "Nothing to do: the visitor's own click follows and counts. CLICKRAIL_INGEST_PREFETCH=record records them instead.",
)
STORES_AWAY: Final = Reason(
    "R501",
    "outage",
    "Referral codes out of reach",
    "The code was not in this process, and neither Redis nor Postgres answered in time.",
    "Bring Postgres or Redis back. Codes in a process's memory keep redirecting meanwhile.",
)
HEAD_REQUEST: Final = Reason(
    "R601",
    "method",
    "Asked where the link leads",
    "A program asked with HEAD where the link of a known code leads. It got the answer of a visit without a cookie, and"
    " no click was made. This is no error: it is kept because it says something about clicks of the same origin.",
    "Nothing to do. Link checkers, mail scanners and messengers look at links this way.",
)
OTHER_METHOD: Final = Reason(
    "R602",
    "method",
    "Asked in another way than a visit",
    "A request for a known code had another method than GET (`method` names it), or a body. No browser that follows a"
    " link does that. The code must be in memory: it is not looked up for such a request.",
    "Usually nothing to do: programs that try out web servers do this. If a form or script of yours sends it, let it"
    " use GET without a body.",
)

REASONS: Final = {
    reason.number: reason
    for reason in (
        MALFORMED_CODE,
        UNKNOWN_CODE,
        PAUSED_CODE,
        PAUSED_AFFILIATE,
        PAUSED_PROGRAM,
        ARCHIVED_CODE,
        ARCHIVED_AFFILIATE,
        ARCHIVED_PROGRAM,
        CLIENT_LIMIT,
        CODE_LIMIT,
        REFUSED_PREFETCH,
        STORES_AWAY,
        HEAD_REQUEST,
        OTHER_METHOD,
    )
}
TRACES: Final = tuple(number for number, reason in REASONS.items() if reason.group == "method")
"""Reasons of requests that were no visits. They are recorded as evidence, and are in no count of rejections."""


def advise(
    reason: Reason, *, code: str | None = None, affiliate_id: str | None = None, program_id: str | None = None
) -> str:
    """Return a reason's remedy with the known code, affiliate and program put into its commands."""
    known = {"CODE": code, "AFFILIATE_ID": affiliate_id, "PROGRAM_ID": program_id}
    return PLACEHOLDER.sub(lambda found: name_in_command(known[found[1]]) or found[1], reason.remedy)


def name_in_command(name: str | None) -> str | None:
    """Write a code or an id as a command argument; None when it has another format."""
    if name is None or not NAMES_ONE(name):
        return None
    # A name that begins with a hyphen would be read as an option.
    return f"-- {name}" if name.startswith("-") else name
