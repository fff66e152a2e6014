"""`clickrail program add`: every setting of a program is an option."""

from typing import Annotated

import typer

from cli.changing import DatabaseUrl, NewId, add, split_list
from referrals.model import CookiePolicy, LimitPolicy, PassQuery, Privacy


def add_program(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command line
    name: Annotated[str, typer.Argument(help="what people call it")],
    database_url: DatabaseUrl,
    target: Annotated[str, typer.Option("--target", show_default=False, help="where visitors go")],
    id_: NewId = None,
    fallback: Annotated[str | None, typer.Option(show_default=False, help="where they go while it is paused")] = None,
    window: Annotated[int, typer.Option(help="days the cookie lives, 1 to 400")] = 30,
    cookie_domain: Annotated[str | None, typer.Option(show_default=False, help="shop.example, for its hosts")] = None,
    privacy: Annotated[Privacy, typer.Option(help="for everybody")] = "full",
    gpc: Annotated[Privacy, typer.Option(help="where the browser sends Global Privacy Control")] = "no_cookie",
    dnt: Annotated[Privacy, typer.Option(help="where the browser sends Do Not Track")] = "no_cookie",
    limit_policy: Annotated[LimitPolicy, typer.Option(help="what happens over a limit")] = "flag",
    unique_window: Annotated[int, typer.Option(help="seconds in which a second click is not unique")] = 86_400,
    token_parameter: Annotated[
        str | None,
        typer.Option(show_default=False, help="carries the click token where the target has no macro for it"),
    ] = None,
    pass_query: Annotated[
        PassQuery, typer.Option(help="which of the visitor's parameters go on to the target")
    ] = "none",  # noqa: S107 - what passes is a query, not a password
    pass_names: Annotated[str, typer.Option(show_default=False, help="their names, as in utm_source,gclid")] = "",
    deep_link_hosts: Annotated[
        str, typer.Option(show_default=False, help="where a visitor may choose the page: shop.example,*.shop.example")
    ] = "",
    cookie_policy: Annotated[CookiePolicy, typer.Option(help="the click whose cookie a visitor keeps")] = "last",
) -> None:
    """Add a program."""
    import secrets

    from referrals.ids import make_program_id
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
    )
    add(database_url, new)
