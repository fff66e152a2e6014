"""What happens to a click over a limit, by its program's policy. Pure."""

from typing import Final, Literal, TypeAlias

import msgspec

from ingest.limits.gcra import SECOND_NS
from ingest.limits.limiter import Decision, Verdict
from referrals.model import LimitPolicy
from schemas.reasons import CLIENT_LIMIT, CODE_LIMIT, Reason

LimitKind: TypeAlias = Literal["client", "code"]

REASON_OF: Final[dict[LimitKind, Reason]] = {"client": CLIENT_LIMIT, "code": CODE_LIMIT}
SEVERITY: Final[dict[Verdict, int]] = {"within": 0, "over": 1, "far_over": 2}


class Admit(msgspec.Struct, frozen=True, gc=False):
    """The click counts. `limit` names the limit it exceeds, if any."""

    limit: LimitKind | None = None


class Skip(msgspec.Struct, frozen=True, gc=False):
    """The visitor is redirected, and no click is made."""

    by: LimitKind

    @property
    def reason(self) -> Reason:
        return REASON_OF[self.by]


class Refuse(msgspec.Struct, frozen=True, gc=False):
    """The visitor gets a 429 with Retry-After in whole seconds, at least one."""

    by: LimitKind
    retry_after_s: int

    @property
    def reason(self) -> Reason:
        return REASON_OF[self.by]


Outcome: TypeAlias = Admit | Skip | Refuse

ADMITTED: Final = Admit()


def apply_policy(policy: LimitPolicy, client: Decision, code: Decision) -> Outcome:
    """Decide what happens to a click: by the limit that is exceeded more, or the client's if both are equal."""
    by: LimitKind = "code" if SEVERITY[code.verdict] > SEVERITY[client.verdict] else "client"
    verdict = code.verdict if by == "code" else client.verdict
    if verdict == "within":
        return ADMITTED
    if verdict == "far_over" or policy == "skip":
        return Skip(by)
    if policy == "flag":
        return Admit(by)
    return refuse(by, max(client.wait_ns, code.wait_ns))


def refuse(by: LimitKind, wait_ns: int) -> Refuse:
    return Refuse(by, -(-wait_ns // SECOND_NS))
