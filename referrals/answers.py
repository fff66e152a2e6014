"""What a lookup answers: the code with everything that belongs to it, that there is none, or that nobody can say."""

from typing import Final, Literal, TypeAlias

import msgspec

from referrals.model import Affiliate, Program, ReferralCode

Layer: TypeAlias = Literal["process", "redis", "postgres"]
Paused: TypeAlias = Literal["code", "affiliate", "program"]


class Found(msgspec.Struct, frozen=True, gc=False):
    """A known code, active or not, and the layer that answered."""

    code: ReferralCode
    affiliate: Affiliate
    program: Program
    layer: Layer

    @property
    def paused(self) -> Paused | None:
        """What keeps the code from counting clicks, the narrowest first; null when everything is active."""
        if self.code.status != "active":
            return "code"
        if self.affiliate.status != "active":
            return "affiliate"
        return None if self.program.status == "active" else "program"

    @property
    def target_url(self) -> str:
        """Where an active code leads."""
        return self.code.target_url or self.program.target_url

    @property
    def fallback_url(self) -> str:
        """Where a visitor goes while something is paused."""
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
