"""The answers of a lookup: the code with its affiliate and program, "unknown", or "unavailable"."""

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

INACTIVE_REASONS: Final[Mapping[tuple[Kind, Status], Reason]] = {
    ("code", "paused"): PAUSED_CODE,
    ("code", "archived"): ARCHIVED_CODE,
    ("affiliate", "paused"): PAUSED_AFFILIATE,
    ("affiliate", "archived"): ARCHIVED_AFFILIATE,
    ("program", "paused"): PAUSED_PROGRAM,
    ("program", "archived"): ARCHIVED_PROGRAM,
}
"""Why a visit to a code that is not active is refused."""


class Found(msgspec.Struct, frozen=True, gc=False):
    """A known code, active or not, and the layer that answered."""

    code: ReferralCode
    affiliate: Affiliate
    program: Program
    layer: Layer

    @property
    def inactive_kind(self) -> Kind | None:
        """What is paused or archived and so stops clicks from counting; code comes before affiliate before program.

        Null when all three are active. Paused and archived get the same answer: the program's fallback.
        """
        if self.code.status != "active":
            return "code"
        if self.affiliate.status != "active":
            return "affiliate"
        return None if self.program.status == "active" else "program"

    def reason_for(self, kind: Kind) -> Reason:
        """Give the reason for refusing a click whose code, affiliate or program (`kind`) is paused or archived."""
        status = {"code": self.code.status, "affiliate": self.affiliate.status, "program": self.program.status}[kind]
        return INACTIVE_REASONS[kind, status]

    @property
    def target_url(self) -> str:
        """Where an active code leads."""
        return self.code.target_url or self.program.target_url

    @property
    def target_source(self) -> Literal["code", "program"]:
        """Whether `target_url` is the code's own or the program's."""
        return "code" if self.code.target_url else "program"

    @property
    def fallback_url(self) -> str:
        """Where a visitor goes while something is paused or archived."""
        return self.program.fallback_url or self.program.target_url


class Unknown(msgspec.Struct, frozen=True):
    """There is no such code: Postgres has just said so (`postgres`), or said so recently (`process`)."""

    layer: Layer


class Unavailable(msgspec.Struct, frozen=True):
    """The code is in no cache and Postgres did not answer in time, so it is not known whether the code exists."""


UNKNOWN_HERE: Final = Unknown("process")
UNKNOWN_IN_POSTGRES: Final = Unknown("postgres")
UNAVAILABLE: Final = Unavailable()

Answer: TypeAlias = Found | Unknown | Unavailable
