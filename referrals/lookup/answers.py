"""What a lookup answers: the code with everything that belongs to it, that there is none, or that nobody can say."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from referrals.model import Affiliate, Kind, Program, ReferralCode, Status
from schemas.reasons import (
    ARCHIVED_AFFILIATE,
    ARCHIVED_CODE,
    ARCHIVED_PROGRAM,
    PAUSED_AFFILIATE,
    PAUSED_CODE,
    PAUSED_PROGRAM,
    Reason,
)

Layer: TypeAlias = Literal["process", "redis", "postgres"]

REASONS_OF: Final[Mapping[tuple[Kind, Status], Reason]] = {
    ("code", "paused"): PAUSED_CODE,
    ("code", "archived"): ARCHIVED_CODE,
    ("affiliate", "paused"): PAUSED_AFFILIATE,
    ("affiliate", "archived"): ARCHIVED_AFFILIATE,
    ("program", "paused"): PAUSED_PROGRAM,
    ("program", "archived"): ARCHIVED_PROGRAM,
}
"""Why a visit of something that is not active makes no click."""


class Found(msgspec.Struct, frozen=True, gc=False):
    """A known code, active or not, and the layer that answered."""

    code: ReferralCode
    affiliate: Affiliate
    program: Program
    layer: Layer

    @property
    def paused(self) -> Kind | None:
        """What is paused or archived and so keeps the code from counting clicks, the narrowest first; null for nothing.

        Both are answered alike, by the program's fallback. An archived one is out of the lists besides.
        """
        if self.code.status != "active":
            return "code"
        if self.affiliate.status != "active":
            return "affiliate"
        return None if self.program.status == "active" else "program"

    def why_not_counted(self, paused: Kind) -> Reason:
        """Give the reason that belongs to what `paused` names."""
        status = {"code": self.code.status, "affiliate": self.affiliate.status, "program": self.program.status}[paused]
        return REASONS_OF[paused, status]

    @property
    def target_url(self) -> str:
        """Where an active code leads."""
        return self.code.target_url or self.program.target_url

    @property
    def target_source(self) -> Literal["code", "program"]:
        """Whose `target_url` that is."""
        return "code" if self.code.target_url else "program"

    @property
    def fallback_url(self) -> str:
        """Where a visitor goes while something is paused or archived."""
        return self.program.fallback_url or self.program.target_url


class Unknown(msgspec.Struct, frozen=True):
    """There is no such code: Postgres said so, a moment ago (`postgres`) or recently (`process`)."""

    layer: Layer


class Unavailable(msgspec.Struct, frozen=True):
    """The code is in no cache and Postgres did not answer in time: nobody can say whether it exists."""


UNKNOWN_HERE: Final = Unknown("process")
UNKNOWN_IN_POSTGRES: Final = Unknown("postgres")
UNAVAILABLE: Final = Unavailable()

Answer: TypeAlias = Found | Unknown | Unavailable
