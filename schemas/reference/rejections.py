"""What the fields of rejections mean."""

from typing import Final

import msgspec

from schemas.reference.field import FieldMeaning, field, personal
from schemas.rejected_click import RejectedClick

REJECTIONS: Final[dict[type[msgspec.Struct], dict[str, FieldMeaning]]] = {
    RejectedClick: {
        "rejection_id": field("Id of the rejection, a ULID: its first ten characters are the time"),
        "rejected_at": field("When the request was refused, UTC"),
        "reason": field("Number of the reason, such as R102: docs/reasons.md"),
        "status": field("HTTP status of the answer"),
        "asked": field("The requested code, cleaned and cut. Chosen by the visitor: it need not exist"),
        "method": field("HTTP method, where it was not GET"),
        "affiliate_id": field("Affiliate of the code, if the code was known"),
        "program_id": field("Program of the code, if the code was known"),
        "host": field("Host name of the link, as requested"),
        "referrer": personal("The Referer header: the page the visitor came from"),
        "user_agent": personal("The User-Agent header"),
        "ip_hash": personal("Keyed hash (HMAC-SHA256) of the IP address. Null if anonymous"),
        "ip_hash_key_id": field("Id of the key of ip_hash"),
        "handled": field("How ingest handled the request"),
    }
}
