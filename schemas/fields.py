r"""The types of single fields: shapes, caps and units, checked whenever a record is decoded.

Caps count characters. A producer cuts a longer text to its cap and names the field in the record's `truncated`.
Patterns end in `(?!\n)$` because Python's `$` alone would let one line feed pass; JSON Schema reads both the same.
"""

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta

SCHEMA_VERSION: Final = "1.1"
"""In every record. The minor part grows with each new optional field, the major part with any other change."""

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


SchemaVersion = Annotated[str, Meta(pattern=r"^\d{1,3}\.\d{1,3}(?!\n)$", description="major.minor")]
Ulid = Annotated[str, Meta(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}(?!\n)$", description="a ULID, upper case")]
Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}(?!\n)$", description="a referral code, case-sensitive")]
EntityId = Annotated[str, Meta(pattern=r"^[a-z0-9_-]{1,40}(?!\n)$", description="id of a program or an affiliate")]
Word = Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,40}(?!\n)$", description="a word of an open vocabulary")]
ReasonNumber = Annotated[str, Meta(pattern=r"^R\d{3}(?!\n)$", description="see docs/reasons.md")]
KeyId = Annotated[str, Meta(min_length=1, max_length=16)]
Time = Annotated[datetime, Meta(tz=True, description="RFC 3339, UTC")]
Microseconds = Annotated[int, Meta(ge=0, description="microseconds")]
Seconds = Annotated[int, Meta(ge=0, description="seconds")]
Count = Annotated[int, Meta(ge=0)]

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
