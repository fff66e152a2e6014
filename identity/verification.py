"""Why something that came from outside was not believed: a value, because bad input is no exception."""

from typing import Final, Literal

import msgspec

Reason = Literal[
    "malformed",  # not of the form at all: wrong length, version or characters
    "unknown_key",  # names a key this ring has never held
    "destroyed_key",  # names a key that was destroyed: what it sealed is gone on purpose
    "forged",  # of the right form, but not made with that key for this name, click and version
    "wrong_program",  # genuine, but made for another program than the cookie's name says
    "from_future",  # issued later than now: a clock was wrong, or is
    "expired",  # genuine, and its window is over
]


class VerificationError(msgspec.Struct, frozen=True):
    """The answer in place of a value; `reason` is stable and fit for a metric's label."""

    reason: Reason


MALFORMED: Final = VerificationError("malformed")
UNKNOWN_KEY: Final = VerificationError("unknown_key")
DESTROYED_KEY: Final = VerificationError("destroyed_key")
FORGED: Final = VerificationError("forged")
WRONG_PROGRAM: Final = VerificationError("wrong_program")
FROM_FUTURE: Final = VerificationError("from_future")
EXPIRED: Final = VerificationError("expired")
