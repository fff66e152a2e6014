"""The names of the referral tables, and of their keys, by kind."""

from typing import Final

from referrals.model import Kind

TABLES: Final[dict[Kind, str]] = {"program": "programs", "affiliate": "affiliates", "code": "referral_codes"}
KEYS: Final[dict[Kind, str]] = {"program": "id", "affiliate": "id", "code": "code"}
