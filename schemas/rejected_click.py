"""The record of a request that was refused."""

from schemas.fields import (
    Asked,
    Count,
    EntityId,
    Hashed,
    Host,
    KeyId,
    LabelSince14,
    ReasonNumber,
    ReferrerUrl,
    Time,
    Ulid,
    UserAgent,
)
from schemas.record import Record
from schemas.request_parts import Handled


class RejectedClick(Record, frozen=True, kw_only=True):
    """A request that was refused for a numbered reason (`schemas.reasons`), and the `status` of the answer.

    `asked` is the requested code, cleaned and cut. Program and affiliate are set when the code was known. `method` is
    the HTTP method where it was not GET.
    """

    rejection_id: Ulid
    rejected_at: Time
    reason: ReasonNumber
    status: Count
    asked: Asked
    method: LabelSince14 = None
    affiliate_id: EntityId | None = None
    program_id: EntityId | None = None
    host: Host
    referrer: ReferrerUrl | None = None
    user_agent: UserAgent | None = None
    ip_hash: Hashed | None = None
    ip_hash_key_id: KeyId | None = None
    handled: Handled
