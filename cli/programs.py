"""`clickrail program add|edit`: every setting of a program is an option."""

from typing import Annotated

import typer

from cli.admin_common import add, edit, split_list
from cli.database import CommandError
from cli.errors import exit_on
from cli.options import AsJson, DatabaseUrl, Id, NewId, SameName
from referrals.model import CookiePolicy, LimitPolicy, PassQuery, Privacy, UniqueBasis

FALLBACK = typer.Option("--fallback", show_default=False, help="where visitors go while it is paused or archived")
WINDOW = typer.Option("--window", help="lifetime of the cookie in days, 1 to 400")
COOKIE_DOMAIN = typer.Option(
    "--cookie-domain", show_default=False, help="domain of the cookie, such as shop.example, for all its hosts"
)
PRIVACY = typer.Option("--privacy", help="privacy policy for all visitors")
GPC = typer.Option("--gpc", help="privacy policy if the browser sends Global Privacy Control")
DNT = typer.Option("--dnt", help="privacy policy if the browser sends Do Not Track")
LIMIT_POLICY = typer.Option("--limit-policy", help="what to do with clicks over a rate limit")
UNIQUE_WINDOW = typer.Option("--unique-window", help="seconds in which a visitor's further clicks are not unique")
TOKEN_PARAMETER = typer.Option(
    "--token-parameter",
    show_default=False,
    help="query parameter for the click token, if the target has no macro for it",
)
PASS_QUERY = typer.Option("--pass-query", help="which of the visitor's parameters are passed to the target")
PASS_NAMES = typer.Option(
    "--pass-names", show_default=False, help="names for --pass-query listed, as in utm_source,gclid"
)
DEEP_LINK_HOSTS = typer.Option(
    "--deep-link-hosts",
    show_default=False,
    help="hosts on which a link may choose the page: shop.example,*.shop.example",
)
COOKIE_POLICY = typer.Option("--cookie-policy", help="which click counts: the visitor's first or last")
UNIQUE_BASIS = typer.Option(
    "--unique-basis", help="how visitors without a cookie are recognised: by address, or not at all (cookie)"
)
ACCEPT_CLIENT_HINTS = typer.Option(
    "--accept-client-hints/--no-accept-client-hints",
    help="ask browsers for the device's model and the system's version (Accept-CH)",
)
SUBS_ARE_PERSONAL = typer.Option(
    "--subs-are-personal/--no-subs-are-personal",
    help="sub1 to sub5 are personal data: remove them after CLICKRAIL_SINK_PERSONAL_DAYS",
)
QUALITY_RULES = typer.Option(
    "--quality-rules",
    show_default=False,
    help="the program's own weights and limits: client_rate_limit_60s=20,link_sweep_weight=0.6",
)


def add_program(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command line
    name: Annotated[str, typer.Argument(help="what people call it")],
    database_url: DatabaseUrl,
    target: Annotated[str, typer.Option("--target", show_default=False, help="where visitors go")],
    id_: NewId = None,
    fallback: Annotated[str | None, FALLBACK] = None,
    window: Annotated[int, WINDOW] = 30,
    cookie_domain: Annotated[str | None, COOKIE_DOMAIN] = None,
    privacy: Annotated[Privacy, PRIVACY] = "full",
    gpc: Annotated[Privacy, GPC] = "no_cookie",
    dnt: Annotated[Privacy, DNT] = "no_cookie",
    limit_policy: Annotated[LimitPolicy, LIMIT_POLICY] = "flag",
    unique_window: Annotated[int, UNIQUE_WINDOW] = 86_400,
    token_parameter: Annotated[str | None, TOKEN_PARAMETER] = None,
    pass_query: Annotated[PassQuery, PASS_QUERY] = "none",  # noqa: S107 - what passes is a query, not a password
    pass_names: Annotated[str, PASS_NAMES] = "",
    deep_link_hosts: Annotated[str, DEEP_LINK_HOSTS] = "",
    cookie_policy: Annotated[CookiePolicy, COOKIE_POLICY] = "last",
    unique_basis: Annotated[UniqueBasis, UNIQUE_BASIS] = "address",
    accept_client_hints: Annotated[bool, ACCEPT_CLIENT_HINTS] = False,
    quality_rules: Annotated[str, QUALITY_RULES] = "",
    subs_are_personal: Annotated[bool, SUBS_ARE_PERSONAL] = False,
    same_name: SameName = False,
    as_json: AsJson = False,
) -> None:
    """Add a program."""
    import secrets

    from referrals.admin.ids import make_program_id
    from referrals.model import Program

    new = Program(
        id=id_ or make_program_id(secrets.choice),
        name=name,
        status="active",
        target_url=target,
        fallback_url=fallback,
        cookie_window_days=window,
        cookie_domain=cookie_domain,
        privacy=privacy,
        privacy_gpc=gpc,
        privacy_dnt=dnt,
        limit_policy=limit_policy,
        unique_window_s=unique_window,
        token_parameter=token_parameter,
        pass_query=pass_query,
        pass_names=split_list(pass_names),
        deep_link_hosts=split_list(deep_link_hosts),
        cookie_policy=cookie_policy,
        unique_basis=unique_basis,
        accept_client_hints=accept_client_hints,
        quality_rules=read_quality_rules(quality_rules),
        subs_are_personal=subs_are_personal,
    )
    add(database_url, new, as_json=as_json, same_name=same_name)


def edit_program(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command line
    id_: Id,
    database_url: DatabaseUrl,
    name: Annotated[str | None, typer.Option("--name", show_default=False, help="what people call it")] = None,
    target: Annotated[str | None, typer.Option("--target", show_default=False, help="where visitors go")] = None,
    fallback: Annotated[str | None, FALLBACK] = None,
    window: Annotated[int | None, WINDOW] = None,
    cookie_domain: Annotated[str | None, COOKIE_DOMAIN] = None,
    privacy: Annotated[Privacy | None, PRIVACY] = None,
    gpc: Annotated[Privacy | None, GPC] = None,
    dnt: Annotated[Privacy | None, DNT] = None,
    limit_policy: Annotated[LimitPolicy | None, LIMIT_POLICY] = None,
    unique_window: Annotated[int | None, UNIQUE_WINDOW] = None,
    token_parameter: Annotated[str | None, TOKEN_PARAMETER] = None,
    pass_query: Annotated[PassQuery | None, PASS_QUERY] = None,
    pass_names: Annotated[str | None, PASS_NAMES] = None,
    deep_link_hosts: Annotated[str | None, DEEP_LINK_HOSTS] = None,
    cookie_policy: Annotated[CookiePolicy | None, COOKIE_POLICY] = None,
    unique_basis: Annotated[UniqueBasis | None, UNIQUE_BASIS] = None,
    accept_client_hints: Annotated[bool | None, ACCEPT_CLIENT_HINTS] = None,
    quality_rules: Annotated[str | None, QUALITY_RULES] = None,
    subs_are_personal: Annotated[bool | None, SUBS_ARE_PERSONAL] = None,
    same_name: SameName = False,
    as_json: AsJson = False,
) -> None:
    """Change the given settings of a program. An empty value, as in --fallback "", removes a setting."""
    given = {
        "name": name,
        "target_url": target,
        "fallback_url": fallback,
        "cookie_window_days": window,
        "cookie_domain": cookie_domain,
        "privacy": privacy,
        "privacy_gpc": gpc,
        "privacy_dnt": dnt,
        "limit_policy": limit_policy,
        "unique_window_s": unique_window,
        "token_parameter": token_parameter,
        "pass_query": pass_query,
        "pass_names": pass_names,
        "deep_link_hosts": deep_link_hosts,
        "cookie_policy": cookie_policy,
        "unique_basis": unique_basis,
        "accept_client_hints": accept_client_hints,
        "quality_rules": None if quality_rules is None else read_quality_rules(quality_rules),
        "subs_are_personal": subs_are_personal,
    }
    edit(database_url, "program", id_, given, as_json=as_json, same_name=same_name)


def read_quality_rules(text: str) -> dict[str, float]:
    """Read `name=value` pairs. Exits with what is wrong with them."""
    from quality.rules import find_problems

    with exit_on(CommandError):
        rules = dict(read_pair(pair) for pair in split_list(text))
        if problems := find_problems(rules):
            raise CommandError("--quality-rules: " + "; ".join(problems))
    return rules


def read_pair(pair: str) -> tuple[str, float]:
    name, _, value = pair.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise CommandError(
            f"--quality-rules: {pair!r} is not a name and a number, as in link_sweep_weight=0.6"
        ) from None
