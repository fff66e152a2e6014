"""What the fields of the nested objects mean."""

from typing import Final

import msgspec

from schemas.enriched_parts import Bot, Counts, Device, Fraud, Geo, Guards, Network, Referrer, Signal, Uniqueness
from schemas.reference.field import FieldMeaning, field, personal
from schemas.request_parts import ClientHints, Fetch, Handled, KeyIds, Privacy, Utm

JUDGED: Final = "Whether it was judged, or why not"

REQUEST: Final[dict[type[msgspec.Struct], dict[str, FieldMeaning]]] = {
    ClientHints: {
        "ua": personal("Header Sec-CH-UA: the browser's brands"),
        "mobile": field("Header Sec-CH-UA-Mobile", "?0 ?1", is_open=True),
        "platform": field("Header Sec-CH-UA-Platform: the system, in quotes"),
        "model": personal("Header Sec-CH-UA-Model: the device, where the program asks for it"),
        "platform_version": personal("Header Sec-CH-UA-Platform-Version, where the program asks for it"),
    },
    Fetch: {
        "site": field("Header Sec-Fetch-Site", "none cross-site same-site same-origin", is_open=True),
        "mode": field("Header Sec-Fetch-Mode; a page that is opened says navigate", "navigate no-cors", is_open=True),
        "dest": field("Header Sec-Fetch-Dest", "document iframe image empty", is_open=True),
        "user": field("Header Sec-Fetch-User; ?1: a person followed the link", "?1", is_open=True),
    },
    Utm: {
        name: field(f"Parameter utm_{name} of the link, as the affiliate wrote it")
        for name in ("source", "medium", "campaign", "term", "content")
    },
    Privacy: {
        "gpc": field("True: the browser sent Global Privacy Control"),
        "dnt": field("True: the browser sent Do Not Track"),
        "decision": field("What the program's policy made of it", "full no_cookie anonymous"),
    },
    KeyIds: {
        "cookie": field("Id of the key that sealed the cookie"),
        "token": field("Id of the key that signed the click token"),
        "ip_seal": field("Id of the key that sealed the address"),
    },
    Handled: {
        "region": field("Region of the ingest that answered"),
        "process": field("The ingest process that answered, a ULID made when it started"),
        "sequence": field("Number of the click among those of its process, from 1; a gap is a lost click"),
        "cache": field("What answered the look-up of the code. Null without one", "process redis postgres"),
        "steps_us": field("Time that each step of the answer took, by step", unit="microseconds"),
        "key_ids": field("Ids of the keys that were used, by purpose"),
    },
}
FACTS: Final[dict[type[msgspec.Struct], dict[str, FieldMeaning]]] = {
    Geo: {
        "status": field(
            "Whether the address was found in the database of places, or why not",
            "found not_found no_database bad_database no_address",
            is_open=True,
        ),
        "country": field("Country of the address, two letters of ISO 3166-1"),
        "region": field("Region of the address. Null if anonymous"),
        "city": personal("City of the address. Null if anonymous"),
        "database": field("Type and date of the database of places"),
    },
    Device: {
        "type": field("Kind of device", "desktop mobile tablet bot other", is_open=True),
        "brand": field("Maker of the device"),
        "model": field("Model of the device"),
        "os": field("Operating system"),
        "os_version": field("Version of the operating system"),
        "browser": field("Browser, or the program that says it is one"),
        "browser_version": field("Version of the browser"),
        "parser": field("Name and version of what read the user agent"),
    },
    Referrer: {
        "url": personal("The Referer header: the page the visitor came from"),
        "host": field("Host of the page the visitor came from"),
        "medium": field("Kind of page", "search social email paid chatbot internal direct unknown", is_open=True),
        "source": field("Name of the site, where it is known"),
        "term": personal("What was searched for, where a search engine still sends it"),
    },
    Bot: {
        "is_bot": field("True: the click looks automated. Kept, and counted apart"),
        "reasons": field("Why it looks automated. A list of words"),
        "rules": field("Version of the rules of bots"),
        "kind": field(
            "Who clicked; app_fetch is a program of a device that fetches a link without showing it. Null before 1.4",
            "person bot app_fetch",
        ),
    },
    Network: {
        "status": field(
            "Whether the address was found in the database of networks, or why not",
            "found not_found no_database bad_database no_address anonymous not_judged",
        ),
        "asn": field("Number of the autonomous system"),
        "org": field("Organisation of the autonomous system"),
        "kind": field(
            "Kind of network, the first that applies",
            "reserved relay mail_security gateway tor vpn bot cdn hosting other",
        ),
        "certainty": field("How well the kind is known", "certain probable"),
        "provider": field("Whose network it is"),
        "lists": field("The lists that say so. A list of names"),
        "database": field("Type and date of the database of networks"),
    },
}
VERDICTS: Final[dict[type[msgspec.Struct], dict[str, FieldMeaning]]] = {
    Uniqueness: {
        "is_unique": field("True: the visitor's first click on the program in its window. Null: not judged"),
        "basis": field("What the visitor was recognised by", "cookie address"),
        "first_click_id": personal("The click that opened the window; of a unique click its own id"),
        "status": field(
            "Whether uniqueness was judged; warming: the store was empty less than a window ago",
            "judged warming no_store anonymous not_judged",
        ),
    },
    Counts: {
        "client_60s": field("Clicks of one browser at one address in 60 s"),
        "client_600s": field("Clicks of one browser at one address in 600 s"),
        "net_60s": field("Clicks of one address (IPv6: /64) in 60 s"),
        "net_clients_60s": field("Different browsers at one address in 60 s"),
        "net_clients_600s": field("Different browsers at one address in 600 s"),
        "net_cookies_600s": field("Different valid cookies at one address in 600 s"),
        "links_10s": field("Different links that one browser followed in 10 s"),
        "net_links_10s": field("Different links followed from one address in 10 s"),
        "same_link_30s": field("Earlier clicks of one browser on the same link in 30 s"),
        "status": field(f"{JUDGED}; late: published 10 minutes after", "judged late no_store anonymous not_judged"),
    },
    Guards: {
        "chrome": field("Clicks on the host in an hour whose user agent claims Chrome"),
        "accept_language": field("Those of them with Accept-Language"),
        "client_hints": field("Those of them with client hints"),
        "fetch": field("Those of them with Sec-Fetch-*"),
        "newest_chrome": field("Newest major version of Chrome that was seen often"),
        "status": field(JUDGED, "judged no_store not_judged"),
    },
    Signal: {
        "name": field("Name of the signal (docs/quality.md)"),
        "weight": field("What it adds to the score, 0 to 1"),
        "value": field("What was measured"),
        "limit": field("The limit that was passed"),
        "detail": personal("What was measured, of signals that compare texts"),
    },
    Fraud: {
        "score": field("Live score, 0 (clean) to 100 (invalid). Null: not scored", unit="points"),
        "band": field("Live score in words", "clean suspicious likely_invalid invalid"),
        "ivt_class": field("General (givt) or sophisticated (sivt) invalid traffic. Null: neither", "givt sivt"),
        "signals": personal("The evidence for the score: a list of signals, each with its weight and value"),
        "rules": field("Name and version of the rules of the score"),
        "stage": field("When the score was computed", "live settled"),
    },
}
PARTS: Final = {**REQUEST, **FACTS, **VERDICTS}
