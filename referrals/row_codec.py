"""Decodes rows of referrals from JSON, and rejects rows with a URL unfit for visitors. Pure."""

from typing import Final

import msgspec

from referrals.model import TYPES, Affiliate, Key, Kind, Program, Referral, ReferralCode
from urls.targets import is_safe_target

DECODERS: Final[dict[Kind, msgspec.json.Decoder[Referral]]] = {
    kind: msgspec.json.Decoder(type_) for kind, type_ in TYPES.items()
}
"""Unknown fields are ignored: a newer version of Clickrail may have added columns."""


def read_value(key: Key, data: bytes) -> Referral | None:
    """Decode a row; null if it is invalid, has another id than `key`, or has a URL unfit for visitors."""
    kind, id_ = key
    try:
        value = DECODERS[kind].decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if value.id == id_ and has_harmless_urls(value) else None


def has_harmless_urls(value: Referral) -> bool:
    """Tell whether every URL of the row is fit for visitors."""
    match value:
        case ReferralCode():
            return value.target_url is None or is_safe_target(value.target_url)
        case Affiliate():
            return True
        case Program():
            return is_safe_target(value.target_url) and (
                value.fallback_url is None or is_safe_target(value.fallback_url)
            )
