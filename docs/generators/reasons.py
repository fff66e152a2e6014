"""`docs/reasons.md`, from `schemas.reasons`. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from schemas.reasons import REASONS, Reason

GOT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "code": "302 to `CLICKRAIL_INGEST_FALLBACK_URL` where that is set, else a small 404 page.",
        "paused": "302 to the program's `fallback_url` where it has one, else to its `target_url`; no click token.",
        "limits": "by the program's `limit_policy`: skip is a 302 to the target without cookie, click or token, "
        "refuse a 429 with `Retry-After`. Ten times over, whatever the policy: the 302, or for a code that is not in "
        "memory the 429.",
        "purpose": "503 with `Retry-After` and `no-store`, which no browser shows: it asks again when they go.",
        "method": "to HEAD the status and fields of a visit's answer, without cookie and token; to all else 405.",
        "outage": "302 to `CLICKRAIL_INGEST_FALLBACK_URL` where that is set, else 503 with `Retry-After`. Never 404.",
    }
)
"""What the visitor got, by a reason's group."""

INTRODUCTION: Final = """\
# Why a request was refused

Every visit of a link, which is a GET of a path below `/ref/`, that is answered without becoming a click says why, by a
number that is never reused. So does a request for a known code that is no visit because of its method or body (R601,
R602): that is no error, and the console counts it in no total. The number is the `reason` of the record on
`clicks.rejected` and of the row in `rejected_clicks`, the label of `clickrail_requests_refused_total`, and what the
console's *Errors* page shows. No refusal sets a cookie.

Above 20 a second, for each process and reason, refusals are counted but not recorded (`recorded="false"`), so that a
scan of random codes cannot fill a topic.

What is *not* listed here is no refusal, has no number and no record (but for those two), and is only counted, in
`clickrail_requests_total{answer}`:

| `answer` | what was asked | what it got |
|---|---|---|
| `not_found` | any path that is not below `/ref/`: `/`, `/ref`, `/REF/abc`, `/r/abc` | 404 |
| `head` | HEAD of a link: R601 if its code is known | status and fields of a visit's answer, without click and cookie |
| `method_not_allowed` | another method, or a request with a body: R602 if its code is in memory | 405 |
| `unreadable` | what is no HTTP, a space within a link too; or a head above 32 KiB | 400, or 431 |
| `left` | a link whose code had to be looked up, by a visitor who had hung up before that was done | what HEAD gets |
| `failed` | anything that met a fault of ours | 500 |
| `overloaded` | anything that would have waited too long for its turn | 503, `Retry-After: 1` |
"""


def describe_reasons() -> str:
    """Give the page: the numbers at a glance, then a section for each."""
    rows = [f"| [{reason.number}](#{reason.number.lower()}) | {reason.title} |" for reason in REASONS.values()]
    table = "\n".join(["| number | title |", "|---|---|", *rows])
    return "\n".join([INTRODUCTION, f"{table}\n", "\n".join(map(describe_reason, REASONS.values()))])


def describe_reason(reason: Reason) -> str:
    return f"""\
<a id="{reason.number.lower()}"></a>

## {reason.number}: {reason.title}

{reason.meaning}

- **The visitor got**: {GOT[reason.group]}
- **What to do**: {reason.remedy}
"""
