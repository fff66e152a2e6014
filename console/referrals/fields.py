"""The fields of the forms of programs, affiliates and codes, in the order people think of them. Pure."""

from typing import Final, Literal, get_args

import msgspec

from referrals.model import TYPES, CookiePolicy, Kind, LimitPolicy, PassQuery, Privacy, UniqueBasis

Control = Literal["text", "number", "choice", "check", "url", "area"]
PRIVACY: Final = get_args(Privacy)


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field: `help` says what it does, `choices` what it can be, `suggests` the path of what can be chosen."""

    name: str
    label: str
    help: str = ""
    control: Control = "text"
    choices: tuple[str, ...] = ()
    is_required: bool = False
    is_fixed: bool = False
    unit: str = ""


class Section(msgspec.Struct, frozen=True):
    """Fields that belong together. Those of an `is_open` section are seen at once."""

    title: str
    fields: tuple[Field, ...]
    is_open: bool = True


ID: Final = Field(
    name="id",
    label="Id",
    help="a-z, 0-9, _ and -, 40 characters at most; empty: one is made. It never changes, and stands in every click.",
    is_fixed=True,
)
NAME: Final = Field(name="name", label="Name", help="What people call it.", is_required=True)
SECTIONS: Final[dict[Kind, tuple[Section, ...]]] = {
    "affiliate": (Section("", (NAME, ID)),),
    "code": (
        Section(
            "",
            (
                Field(
                    name="code",
                    label="Code",
                    help="A-Z, a-z, 0-9, _ and -, at most 64, case counts; empty: one is made. It never changes.",
                    is_fixed=True,
                ),
                Field(name="affiliate_id", label="Affiliate", help="The id of who refers visitors.", is_required=True),
                Field(name="program_id", label="Program", help="The id of what they are sent to.", is_required=True),
                Field(
                    name="target_url",
                    label="Target of its own",
                    help="Empty: visitors go to the program's target. {click_token} and other macros are filled in.",
                    control="url",
                ),
            ),
        ),
    ),
    "program": (
        Section(
            "",
            (
                NAME,
                ID,
                Field(
                    name="target_url",
                    label="Target",
                    help="Where visitors go. {click_token}, {click_id}, {affiliate_id}, {code}, {sub1} are filled in.",
                    control="url",
                    is_required=True,
                ),
                Field(
                    name="fallback_url",
                    label="Fallback",
                    help="Where visitors go while it is paused or archived. Empty: to the target.",
                    control="url",
                ),
            ),
        ),
        Section(
            "Cookie and counting",
            (
                Field(
                    name="cookie_window_days",
                    label="Cookie lasts",
                    control="number",
                    unit="days, 1 to 400",
                    help="How long a click may be credited.",
                ),
                Field(
                    name="cookie_domain",
                    label="Cookie domain",
                    help="shop.example: for all hosts below it. Empty: the tracker's host alone.",
                ),
                Field(
                    name="cookie_policy",
                    label="Which click counts",
                    control="choice",
                    choices=get_args(CookiePolicy),
                    help="The visitor's first or last.",
                ),
                Field(
                    name="unique_window_s",
                    label="Unique window",
                    control="number",
                    unit="seconds",
                    help="A visitor's further clicks within it are repeats.",
                ),
                Field(
                    name="unique_basis",
                    label="Visitors without a cookie",
                    control="choice",
                    choices=get_args(UniqueBasis),
                    help="Are recognised by address, or not at all.",
                ),
                Field(
                    name="limit_policy",
                    label="Clicks over a limit",
                    control="choice",
                    choices=get_args(LimitPolicy),
                    help="flag: counted and marked. skip: redirected, not counted. refuse: 429.",
                ),
            ),
        ),
        Section(
            "Privacy",
            (
                Field(
                    name="privacy",
                    label="Every visitor",
                    control="choice",
                    choices=PRIVACY,
                    help="full: cookie and hashed address. no_cookie: hashed address. anonymous: the country alone.",
                ),
                Field(name="privacy_gpc", label="With Global Privacy Control", control="choice", choices=PRIVACY),
                Field(name="privacy_dnt", label="With Do Not Track", control="choice", choices=PRIVACY),
                Field(
                    name="subs_are_personal",
                    label="sub1 to sub5 are personal data",
                    control="check",
                    help="They are removed with the other personal columns.",
                ),
            ),
        ),
        Section(
            "Target's parameters, links and quality",
            (
                Field(
                    name="token_parameter",
                    label="Parameter for the click token",
                    help="Added to targets that have no macro for it.",
                ),
                Field(
                    name="pass_query",
                    label="Visitors' parameters",
                    control="choice",
                    choices=get_args(PassQuery),
                    help="Which are passed on to the target.",
                ),
                Field(name="pass_names", label="Names that are passed", help="With commas: utm_source,gclid"),
                Field(
                    name="deep_link_hosts",
                    label="Hosts of deep links",
                    help="Where ?url= may lead: shop.example,*.shop.example",
                ),
                Field(
                    name="accept_client_hints",
                    label="Ask browsers for device and version",
                    control="check",
                    help="Accept-CH: exact devices, one more header in each answer.",
                ),
                Field(
                    name="quality_rules",
                    label="Weights and limits of its own",
                    help="As in docs/quality.md: client_rate_limit_60s=20,link_sweep_weight=0.6",
                ),
            ),
            is_open=False,
        ),
    ),
}


def list_fields(kind: Kind) -> list[Field]:
    return [field for section in SECTIONS[kind] for field in section.fields]


def list_names(kind: Kind, *, is_new: bool) -> list[str]:
    """List the fields that a form may set: of an existing row not its id."""
    known = TYPES[kind].__struct_fields__
    return [field.name for field in list_fields(kind) if field.name in known and (is_new or not field.is_fixed)]
