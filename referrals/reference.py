"""What the tables of programs, affiliates and codes mean, for people who query them."""

from collections.abc import Mapping
from typing import Final

from schemas.reference import FieldMeaning
from schemas.reference.field import field

STATUS: Final = field("Paused and archived: visitors go to the fallback", "active paused archived")
ROW: Final = {
    "version": field("Number of the last change of the row, in the order of all changes"),
    "created_at": field("When the row was added, UTC"),
}
POLICIES: Final = "full no_cookie anonymous"
NAMES: Final = "A list of names"

PROGRAMS: Final = {
    "id": field("Id of the program, as clicks name it"),
    "name": field("Name of the program, for people"),
    "status": STATUS,
    "target_url": field("Where visitors go, unless the code has a target"),
    "fallback_url": field("Where visitors of paused codes go. Null: to the fallback of ingest"),
    "cookie_window_days": field("How long the cookie lasts", unit="days"),
    "cookie_domain": field("Domain of the cookie. Null: the tracker's host"),
    "privacy": field("What is kept of every visitor", POLICIES),
    "privacy_gpc": field("What is kept where the browser sends Global Privacy Control", POLICIES),
    "privacy_dnt": field("What is kept where the browser sends Do Not Track", POLICIES),
    "limit_policy": field("What happens to clicks above a limit", "flag skip refuse"),
    "unique_window_s": field("Within this time a second click of a visitor is not unique", unit="seconds"),
    "token_parameter": field("Parameter of the target that takes the click token"),
    "pass_query": field("Which of the visitor's parameters are passed to the target", "none listed all"),
    "pass_names": field(f"The parameters that are passed. {NAMES}"),
    "deep_link_hosts": field(f"Hosts on which a visitor may choose the page. {NAMES}"),
    "cookie_policy": field("Which click of a visitor counts", "last first"),
    "unique_basis": field("How a visitor without a cookie is recognised", "address cookie"),
    "accept_client_hints": field("True: browsers are asked for the device's model and the platform's version"),
    "quality_rules": field("The program's own weights and limits of signals, by name"),
    "subs_are_personal": field("True: sub1 to sub5 are personal data, removed with the other personal columns"),
    **ROW,
}
AFFILIATES: Final = {
    "id": field("Id of the affiliate, as clicks name it"),
    "name": field("Name of the affiliate, for people"),
    "status": STATUS,
    **ROW,
}
CODES: Final = {
    "code": field("The referral code; case matters"),
    "affiliate_id": field("Whose code it is"),
    "program_id": field("Program of the code"),
    "status": STATUS,
    "target_url": field("Target of the code. Null: that of its program"),
    **ROW,
}
TABLES: Final[Mapping[str, tuple[str, Mapping[str, FieldMeaning]]]] = {
    "programs": ("What merchants offer: where visitors go, and the rules for their clicks", PROGRAMS),
    "affiliates": ("Who refers visitors", AFFILIATES),
    "referral_codes": ("The codes in links; each belongs to one affiliate and one program", CODES),
}
"""What a row of each table is, and what its columns mean."""
