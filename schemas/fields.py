"""The types of single fields: shapes, caps and units.

Caps count characters. A producer cuts a longer text to its cap and names the field in the record's `truncated`.

msgspec checks types, caps and units while it decodes. The format of a text is a pattern in the written JSON Schema
(`formatted`), in the subset of regular expressions that ECMA-262, RE2, Java and Rust read alike. `schemas.formats`
checks these patterns after decoding: msgspec would run a Python regular expression for each text, which took two
thirds of the decoding time.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from msgspec import Meta

SCHEMA_VERSION: Final = "1.4"
"""Part of every record. A new optional field raises the minor version, any other change the major version."""

HOST_CAP: Final = 255
PATH_CAP: Final = 1024
QUERY_CAP: Final = 2048
TARGET_CAP: Final = 4096
REFERRER_CAP: Final = 1024
USER_AGENT_CAP: Final = 512
ACCEPT_LANGUAGE_CAP: Final = 128
HINT_CAP: Final = 256
SUB_CAP: Final = 128
UTM_CAP: Final = 128
AD_ID_CAP: Final = 256
ASKED_CAP: Final = 128
LARGEST: Final = 2**63 - 1
"""The largest number: the limit of bigint columns and of readers in other languages."""
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9998, 12, 31, tzinfo=UTC)
"""The range of times: a ULID has none earlier, and adding a time zone to a later one can overflow."""


def formatted(pattern: str) -> dict[str, Any]:
    """Return the JSON Schema of a text that matches `pattern` as a whole.

    In Python and Java `$` also matches before a final line feed, so the schema forbids line feeds separately.
    """
    return {"pattern": f"^{pattern}$", "not": {"pattern": "[\\n]"}}


def since(version: str) -> dict[str, Any]:
    """Mark an optional field added after version 1.0: older records do not have it.

    It is a comment because Ajv by default refuses schemas with unknown keywords.
    """
    return {"$comment": f"since {version}"}


SchemaVersion = Annotated[
    str,
    # A reader accepts any minor version of its major version, and must tell another major version from a bad text.
    Meta(
        max_length=7,
        description="major.minor; this schema is of major version 1",
        extra_json_schema=formatted("1[.][0-9]{1,3}"),
    ),
]
Ulid = Annotated[
    str,
    Meta(
        min_length=26,
        max_length=26,
        description="a ULID, upper case",
        extra_json_schema=formatted("[0-7][0-9A-HJKMNP-TV-Z]{25}"),
    ),
]
Code = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        description="a referral code, case-sensitive",
        extra_json_schema=formatted("[A-Za-z0-9_-]{1,64}"),
    ),
]
EntityId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        description="id of a program or an affiliate",
        extra_json_schema=formatted("[a-z0-9_-]{1,40}"),
    ),
]
Word = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        description="a word of an open vocabulary",
        extra_json_schema=formatted("[a-z0-9_]{1,40}"),
    ),
]
ReasonNumber = Annotated[
    str, Meta(min_length=4, max_length=4, description="see docs/reasons.md", extra_json_schema=formatted("R[0-9]{3}"))
]
KeyId = Annotated[str, Meta(min_length=1, max_length=16)]
Time = Annotated[
    datetime,
    Meta(
        tz=True,
        description="RFC 3339, UTC, with up to nine digits of a fraction",
        extra_json_schema=formatted(
            "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))"
            "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?Z"
        ),
    ),
]
Bytes = Annotated[
    bytes,
    Meta(
        description="base64 (RFC 4648, section 4)",
        extra_json_schema=formatted("([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"),
    ),
]
Microseconds = Annotated[int, Meta(ge=0, le=LARGEST, description="microseconds")]
Seconds = Annotated[int, Meta(ge=0, le=LARGEST, description="seconds")]
Count = Annotated[int, Meta(ge=0, le=LARGEST)]

Host = Annotated[str, Meta(max_length=HOST_CAP)]
Path = Annotated[str, Meta(max_length=PATH_CAP)]
Query = Annotated[str, Meta(max_length=QUERY_CAP, description="as asked, without the question mark")]
TargetUrl = Annotated[str, Meta(max_length=TARGET_CAP, description="the Location that was sent")]
ReferrerUrl = Annotated[str, Meta(max_length=REFERRER_CAP)]
UserAgent = Annotated[str, Meta(max_length=USER_AGENT_CAP)]
AcceptLanguage = Annotated[str, Meta(max_length=ACCEPT_LANGUAGE_CAP)]
Hint = Annotated[str, Meta(max_length=HINT_CAP)]
Sub = Annotated[str, Meta(max_length=SUB_CAP)]
UtmText = Annotated[str, Meta(max_length=UTM_CAP)]
AdId = Annotated[str, Meta(max_length=AD_ID_CAP)]
Asked = Annotated[str, Meta(max_length=ASKED_CAP)]
Sealed = Annotated[str, Meta(max_length=128, description="key id and AES-GCM box, base64url")]
Hashed = Annotated[str, Meta(max_length=64, description="keyed hash (HMAC-SHA256)")]
Label = Annotated[str, Meta(max_length=128)]
Digest = Annotated[
    str,
    Meta(
        min_length=64,
        max_length=64,
        description="SHA-256, in hexadecimal digits",
        extra_json_schema=formatted("[0-9a-f]{64}"),
    ),
]
LetterTakenAt = Annotated[Time | None, Meta(extra_json_schema=since("1.2"))]
LetterDigest = Annotated[Digest | None, Meta(extra_json_schema=since("1.2"))]
LetterSize = Annotated[Count | None, Meta(description="bytes", extra_json_schema=since("1.2"))]
IsCut = Annotated[bool, Meta(extra_json_schema=since("1.2"))]
IsTest = Annotated[bool, Meta(extra_json_schema=since("1.1"))]
TargetSource = Annotated[Word | None, Meta(extra_json_schema=since("1.3"))]
HintSince14 = Annotated[Hint | None, Meta(extra_json_schema=since("1.4"))]
LabelSince14 = Annotated[Label | None, Meta(extra_json_schema=since("1.4"))]
WordSince14 = Annotated[Word | None, Meta(extra_json_schema=since("1.4"))]
UlidSince14 = Annotated[Ulid | None, Meta(extra_json_schema=since("1.4"))]
HashedSince14 = Annotated[Hashed | None, Meta(extra_json_schema=since("1.4"))]
Weight = Annotated[float, Meta(ge=0, le=1)]
QualityRules = Annotated[
    dict[Word, float] | None,
    Meta(description="the program's own weights and limits of signals", extra_json_schema=since("1.4")),
]
