"""The nested objects of the records. All are frozen; every field is present in JSON, null when unknown."""

import msgspec

from schemas.fields import (
    Count,
    Hint,
    Host,
    KeyId,
    Label,
    Microseconds,
    ReferrerUrl,
    Ulid,
    UtmText,
    Word,
)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The base of a nested object. Unknown fields are ignored, so an old reader accepts a newer minor version."""


class ClientHints(Part, frozen=True, kw_only=True, gc=False):
    """The low-entropy client hints, as the browser sent them."""

    ua: Hint | None = None
    mobile: Hint | None = None
    platform: Hint | None = None


class Utm(Part, frozen=True, kw_only=True, gc=False):
    """The five `utm_*` parameters of the visited link."""

    source: UtmText | None = None
    medium: UtmText | None = None
    campaign: UtmText | None = None
    term: UtmText | None = None
    content: UtmText | None = None


class Privacy(Part, frozen=True, kw_only=True, gc=False):
    """What the visitor's browser asked for, and what ingest decided by the program's policy.

    `decision` is `full`, `no_cookie` or `anonymous` (no cookie, and only the country of the address).
    """

    gpc: bool
    dnt: bool
    decision: Word


class KeyIds(Part, frozen=True, kw_only=True, gc=False):
    """Ids of the keys that ingest used; null where it used none."""

    cookie: KeyId | None = None
    token: KeyId | None = None
    ip_seal: KeyId | None = None


class Handled(Part, frozen=True, kw_only=True):
    """How ingest handled the request.

    `process` is a ULID made when the process started and `sequence` counts its accepted clicks from 1, so that a gap
    is visible downstream; a rejection has no sequence. `cache` is the layer that answered the lookup: `process`,
    `redis`, `postgres`, or null without a lookup. `steps_us` holds microseconds by step, up to the encoding.
    """

    region: Label
    process: Ulid
    sequence: Count | None
    cache: Word | None
    steps_us: dict[Word, Microseconds]
    key_ids: KeyIds


class Geo(Part, frozen=True, kw_only=True, gc=False):
    """The location of the IP address according to the geo database.

    `status` is `found`, `not_found`, `no_database`, `bad_database` or `no_address`; `database` names the file's type
    and build date.
    """

    status: Word
    country: Label | None = None
    region: Label | None = None
    city: Label | None = None
    database: Label | None = None


class Device(Part, frozen=True, kw_only=True, gc=False):
    """The device by user agent and client hints. `type` is `desktop`, `mobile`, `tablet`, `bot` or `other`."""

    type: Word
    brand: Label | None = None
    model: Label | None = None
    os: Label | None = None
    os_version: Label | None = None
    browser: Label | None = None
    browser_version: Label | None = None
    parser: Label | None = None


class Referrer(Part, frozen=True, kw_only=True, gc=False):
    """Where the visitor came from: the referring page as sent, its host, and its kind.

    `medium` is `search`, `social`, `email`, `paid`, `chatbot`, `internal`, `direct` or `unknown`.
    """

    url: ReferrerUrl | None
    host: Host | None
    medium: Word
    source: Label | None = None


class Bot(Part, frozen=True, kw_only=True):
    """Whether the click looks automated, and each reason for it. Bots are kept and counted apart, never dropped."""

    is_bot: bool
    reasons: list[Word]
    rules: Label | None = None
