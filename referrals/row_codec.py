"""Rows of referrals, read from JSON: none is taken that has a URL unfit for visitors. Pure."""

from typing import Final

import msgspec

from referrals.model import TYPES, Affiliate, Key, Kind, Program, Referral, ReferralCode
from urls.targets import is_safe_target

DECODERS: Final[dict[Kind, msgspec.json.Decoder[Referral]]] = {
    kind: msgspec.json.Decoder(type_) for kind, type_ in TYPES.items()
}
"""Fields that a row has beyond ours are passed over."""


def read_value(key: Key, data: bytes) -> Referral | None:
    """Read a row from its JSON, or null where it is none that may stand under this key."""
    kind, id_ = key
    try:
        value = DECODERS[kind].decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if value.id == id_ and leads_somewhere(value) else None


def leads_somewhere(value: Referral) -> bool:
    """Whether every URL in it is fit for visitors."""
    match value:
        case ReferralCode():
            return value.target_url is None or is_safe_target(value.target_url)
        case Affiliate():
            return True
        case Program():
            return is_safe_target(value.target_url) and (
                value.fallback_url is None or is_safe_target(value.fallback_url)
            )
