"""The nested objects that ingest fills: what the request carried, and how it was handled.

Every field is present in JSON, null when unknown.
"""

from schemas.fields import Count, Hint, HintSince14, KeyId, Label, Microseconds, Ulid, UtmText, Word
from schemas.record import Part


class ClientHints(Part, frozen=True, kw_only=True, gc=False):
    """The client hints, as the browser sent them.

    Browsers send the first three unasked; `model` and `platform_version` only where a program asks for them.
    """

    ua: Hint | None = None
    mobile: Hint | None = None
    platform: Hint | None = None
    model: HintSince14 = None
    platform_version: HintSince14 = None


class Fetch(Part, frozen=True, kw_only=True, gc=False):
    """The `Sec-Fetch-*` headers, as the browser sent them: how and why it made the request."""

    site: Hint | None = None
    mode: Hint | None = None
    dest: Hint | None = None
    user: Hint | None = None


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
