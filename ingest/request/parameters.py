"""Query parameters that ingest records: sub ids, external id, utm fields, ad click ids. Pure."""

from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from ingest.request.sanitizer import TextSanitizer
from schemas.fields import AD_ID_CAP, SUB_CAP, UTM_CAP
from schemas.request_parts import Utm
from urls.queries import split_query

AD_IDS: Final = frozenset(
    {
        "gclid", "gbraid", "wbraid", "dclid", "srsltid", "fbclid", "msclkid", "ttclid", "twclid", "li_fat_id", "epik",
        "sccid", "rdt_cid", "qclid", "ndclid", "tblci", "dicbo", "yclid", "sznclid", "irclickid", "cjevent", "awc",
        "ko_click_id",
    }
)  # fmt: skip
"""Click ids that ad networks add to links: Google (5), Meta, Microsoft, TikTok, X, LinkedIn, Pinterest, Snap, Reddit,
Quora, Nextdoor, Taboola, Outbrain, Yandex, Seznam, impact.com, CJ, Awin, Kochava."""
SUBS: Final = frozenset({"sub1", "sub2", "sub3", "sub4", "sub5", "external_id"})
UTMS: Final = frozenset(Utm.__struct_fields__)


class Parameters(msgspec.Struct, frozen=True):
    """`subs` holds the given values of sub1..sub5 and external_id. `truncated` names the values that were cut."""

    subs: dict[str, Any]
    utm: Utm | None
    ad_ids: dict[str, str] | None
    truncated: tuple[str, ...] = ()


NO_PARAMETERS: Final = Parameters({}, None, None)


def read_parameters(query: str) -> Parameters:
    """Read the known parameters of a raw query, the first of each name; ignore others.

    Names ignore case, because ad networks use different cases. Undecodable bytes become U+FFFD.
    """
    if not query:
        return NO_PARAMETERS
    sanitizer = TextSanitizer()
    subs: dict[str, str] = {}
    utm: dict[str, str] = {}
    ad_ids: dict[str, str] = {}
    for raw_name, value in parse_qsl("&".join(split_query(query)), errors="replace"):
        name = raw_name.lower()
        if name in SUBS and name not in subs:
            subs[name] = sanitizer.sanitize(name, value, SUB_CAP)
        elif name in AD_IDS and name not in ad_ids:
            ad_ids[name] = sanitizer.sanitize(name, value, AD_ID_CAP)
        elif name.startswith("utm_") and (field := name[4:]) in UTMS and field not in utm:
            utm[field] = sanitizer.sanitize(name, value, UTM_CAP)
    return Parameters(subs, Utm(**utm) if utm else None, ad_ids or None, tuple(sanitizer.truncated))
