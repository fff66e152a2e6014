"""What the fields of clicks mean."""

from typing import Final

import msgspec

from schemas.clicks import Click, EnrichedClick, RawClick
from schemas.record import Record
from schemas.reference.field import FieldMeaning, field, personal

SUB_NAMES: Final = ("sub1", "sub2", "sub3", "sub4", "sub5")

CLICK: Final = {
    "click_id": field(
        "Id of the click, a ULID: its first ten characters are the time. Identifies the click everywhere"
    ),
    "clicked_at": field("When the visitor clicked, UTC: the time inside click_id"),
    "code": field("Referral code of the link; case matters"),
    "affiliate_id": field("Affiliate who referred the visitor, when the click was made"),
    "program_id": field("Program of the code, when the click was made"),
    "host": field("Host name of the link, as requested"),
    "path": personal("Path of the link, as requested. The visitor can choose parts of it"),
    "query": personal("Query of the link, as requested, without the question mark. Can name a person"),
    "target_url": personal("The Location to which the visitor was sent, with the click token and passed parameters"),
    "target_source": field(
        "Whose target it is; deep_link is a page that the visitor requested by ?url=. Null before version 1.3",
        "program code deep_link",
    ),
    "user_agent": personal("The User-Agent header"),
    "accept_language": personal("The Accept-Language header"),
    "client_hints": personal("Client hints of the browser. Null if it sent none"),
    "fetch": field("The Sec-Fetch-* headers of the browser. Null if it sent none"),
    **{
        name: personal(f"Parameter {name} of the link: the affiliate's own text. Can name a person")
        for name in SUB_NAMES
    },
    "external_id": personal("Parameter external_id of the link: the id in another system"),
    "utm": field("The utm_* parameters of the link. Null if it had none"),
    "ad_ids": personal("Click ids of ad networks in the link, such as gclid, by parameter"),
    "previous_click_id": personal("The visitor's click before this one, as their cookie says"),
    "lease_click_id": personal("The click that opened the visitor's unique window, as their cookie says"),
    "cookie_state": field(
        "What the visitor's cookie was: absent, valid, or why it was not accepted",
        "absent valid expired malformed unknown_key destroyed_key forged wrong_program from_future",
        is_open=True,
    ),
    "privacy": field("What the browser asked for, and what was decided"),
    "prefetch": field("True: a browser fetched the link before its visitor decided to go. In no total of people"),
    "is_test": field("True: made with a signed test link. In no total"),
    "unique_window_s": field("Within this time a second click of a visitor is not unique", unit="seconds"),
    "unique_basis": field("How the program recognises a visitor without a cookie", "address cookie"),
    "quality_rules": field("The program's own weights and limits of signals, by name. Null if it has none"),
    "limit": field(
        "The limit that was exceeded, where the program still counts the click", "client code", is_open=True
    ),
    "handled": field("How ingest handled the request"),
    "truncated": field("Fields whose texts were cut to their caps. A list"),
}
ENRICHED: Final = {
    "ip_hash": personal("Keyed hash (HMAC-SHA256) of the IP address. Null if anonymous. Count within one key only"),
    "ip_hash_key_id": field("Id of the key of ip_hash, net_hash and client_hash"),
    "published_at": field("When Kafka took the raw click, UTC"),
    "geo": field("Location of the address"),
    "device": field("The device, by user agent and client hints"),
    "referrer": field("Where the visitor came from"),
    "bot": field("Whether the click looks automated"),
    "net_hash": personal("Keyed hash of the IPv4 address or IPv6 /64. Null if anonymous"),
    "client_hash": personal("Keyed hash of net, user agent, Accept-Language and platform. Null if anonymous"),
    "network": field("Network of the address"),
    "unique": field("Whether it is the visitor's first click in the window: the live verdict"),
    "counts": field("How many clicks there were in the seconds up to this one. Null columns: not judged"),
    "guards": field("What the clicks of the host carried in the last hour. Null columns: not judged"),
    "fraud": field("The live score of the click"),
}
RAW: Final = {
    "referrer": personal("The Referer header"),
    "ip_sealed": personal("The IP address, sealed with AES-GCM: only the enricher opens it"),
}
CLICKS: Final[dict[type[msgspec.Struct], dict[str, FieldMeaning]]] = {
    Record: {"schema_version": field("Version of the record's contract, major.minor")},
    Click: CLICK,
    EnrichedClick: ENRICHED,
    RawClick: RAW,
}
