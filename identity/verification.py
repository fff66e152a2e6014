"""Why untrusted input was refused. It is a value: bad input is not an exception."""

from typing import Final, Literal

import msgspec

Reason = Literal[
    "malformed",  # wrong length, version or characters
    "unknown_key",  # names a key that this ring never had
    "destroyed_key",  # names a key that was destroyed on purpose
    "forged",  # well formed, but not made with that key for this name, click and version
    "wrong_program",  # valid, but for another program than the cookie's name says
    "from_future",  # issued in the future: a clock is or was wrong
    "expired",  # valid, but its window is over
]


class VerificationError(msgspec.Struct, frozen=True):
    """The result in place of a value; `reason` is stable and usable as a metric label."""

    reason: Reason


MALFORMED: Final = VerificationError("malformed")
UNKNOWN_KEY: Final = VerificationError("unknown_key")
DESTROYED_KEY: Final = VerificationError("destroyed_key")
FORGED: Final = VerificationError("forged")
WRONG_PROGRAM: Final = VerificationError("wrong_program")
FROM_FUTURE: Final = VerificationError("from_future")
EXPIRED: Final = VerificationError("expired")
