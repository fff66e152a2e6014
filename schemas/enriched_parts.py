"""The nested objects that the enricher adds: facts about the visitor, and the score.

Every field is present in JSON, null when unknown.
"""

from schemas.fields import Count, Host, Label, LabelSince14, ReferrerUrl, Ulid, Weight, Word, WordSince14
from schemas.record import Part


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

    `medium` is `search`, `social`, `email`, `paid`, `chatbot`, `internal`, `direct` or `unknown`. `term` is what was
    searched for, where a search engine still sends it.
    """

    url: ReferrerUrl | None
    host: Host | None
    medium: Word
    source: Label | None = None
    term: LabelSince14 = None


class Bot(Part, frozen=True, kw_only=True):
    """Whether the click looks automated, and each reason for it. Bots are kept and counted apart, never dropped.

    `kind` is `person`, `bot`, or `app_fetch`: a program of a device that fetches a link without showing it.
    """

    is_bot: bool
    reasons: list[Word]
    rules: Label | None = None
    kind: WordSince14 = None


class Network(Part, frozen=True, kw_only=True):
    """The network of the IP address: its autonomous system (`asn`, `org`), and what kind of network it is.

    `status` is `found`, `not_found`, `no_database`, `bad_database`, `no_address`, `anonymous` (not looked up) or
    `not_judged` (an older record). `kind` is the first that applies of `reserved`, `relay`, `mail_security`, `gateway`,
    `tor`, `vpn`, `bot`, `cdn`, `hosting`, `other`; `certainty` says how well that is known: `certain` or `probable`.
    `provider` names whose it is, `lists` the lists that say so, and `database` the type and date of the file.
    """

    status: Word = "not_judged"
    asn: Count | None = None
    org: Label | None = None
    kind: Word | None = None
    certainty: Word | None = None
    provider: Label | None = None
    lists: list[Label] = []  # noqa: RUF012 - msgspec copies an empty list
    database: Label | None = None


class Uniqueness(Part, frozen=True, kw_only=True, gc=False):
    """Whether this is the visitor's first click on the program within its window.

    `is_unique` is null where it was not judged; `status` then says why. `basis` is `cookie` or `address`.
    `first_click_id` is the click that opened the window: of a unique click its own id. `status` is `judged`,
    `warming` (the store was empty less than a window ago, so a unique may be a repeat), `no_store`, `anonymous` or
    `not_judged` (tests, prefetches, bots, older records).
    """

    is_unique: bool | None = None
    basis: Word | None = None
    first_click_id: Ulid | None = None
    status: Word = "not_judged"


class Counts(Part, frozen=True, kw_only=True, gc=False):
    """What other clicks say about this one: how many there were in the seconds up to it, itself included.

    `client` is one browser at one address (`client_hash`), `net` one IPv4 address or IPv6 /64 (`net_hash`), a link the
    code with its query. `net_clients` and `net_cookies` count different clients and different valid cookies of the net,
    `links` different links of the client, `same_link` earlier clicks of this client on this link. Numbers are null
    where they were not counted; `status` is `judged`, `late` (published more than 10 minutes after the click),
    `no_store`, `anonymous` or `not_judged`.
    """

    client_60s: Count | None = None
    client_600s: Count | None = None
    net_60s: Count | None = None
    net_clients_60s: Count | None = None
    net_clients_600s: Count | None = None
    net_cookies_600s: Count | None = None
    links_10s: Count | None = None
    net_links_10s: Count | None = None
    same_link_30s: Count | None = None
    status: Word = "not_judged"


class Guards(Part, frozen=True, kw_only=True, gc=False):
    """What the visited host's clicks of the last hour carried: a proxy that strips headers makes people look like bots.

    `chrome` counts clicks whose user agent claims Chrome, and `accept_language`, `client_hints` and `fetch` those of
    them that carried the header. `newest_chrome` is the newest major version that was seen often. `status` is `judged`,
    `no_store` or `not_judged`.
    """

    chrome: Count | None = None
    accept_language: Count | None = None
    client_hints: Count | None = None
    fetch: Count | None = None
    newest_chrome: Count | None = None
    status: Word = "not_judged"


class Signal(Part, frozen=True, kw_only=True, gc=False):
    """One piece of evidence that a click is invalid: its weight in the score, and the value that passed the limit.

    `detail` is the value of signals that compare texts. docs/quality.md says what each name means.
    """

    name: Label
    weight: Weight
    value: float | None = None
    limit: float | None = None
    detail: Label | None = None


class Fraud(Part, frozen=True, kw_only=True):
    """The score: 0 to 100, computed from the facts of the record alone, so that it can be computed again.

    `band` is `clean`, `suspicious`, `likely_invalid` or `invalid`. `ivt_class` is `givt` (general invalid traffic: the
    click declares itself or is on a list), `sivt` (sophisticated: several pieces of evidence) or null. `rules` names
    and versions the rules; `stage` is `live`, or `settled` when later clicks were taken into account. `score` is null
    where no score was computed.
    """

    score: Count | None = None
    band: Word | None = None
    ivt_class: Word | None = None
    signals: list[Signal] = []  # noqa: RUF012 - msgspec copies an empty list
    rules: Label | None = None
    stage: Word | None = None
