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
        "outage": "302 to `CLICKRAIL_INGEST_FALLBACK_URL` where that is set, else 503 with `Retry-After`. Never 404.",
    }
)
"""What the visitor got, by a reason's group."""

INTRODUCTION: Final = """\
# Why a request was refused

Every request for a link that does not become a click says why, by a number that is never reused. It is the `reason` of
the record on `clicks.rejected` and of the row in `rejected_clicks`, the label of `clickrail_requests_refused_total`,
and what the console's *Errors* page shows. No refusal sets a cookie.

Above 20 a second, for each process and reason, refusals are counted but not recorded (`recorded="false"`), so that a
scan of random codes cannot fill a topic.

What is *not* listed here is no refusal: HEAD gets the answer a visit would get and is no click, other methods get 405,
paths outside `/ref/` get 404, and what is no HTTP gets 400; `clickrail_requests_total{answer}` counts them all.
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
