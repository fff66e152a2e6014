"""The parts of a Location that are known before the click. Pure.

The click token and the passed-on parameters are added at the end of the URL's query, so that no added text can become
part of its host. docs/targets.md has the rules with examples.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import msgspec

from ingest.target.deep_link import find_deep_link
from ingest.target.macros import UrlTemplate, fill_template, parse_template
from ingest.target.query_passthrough import QueryPassthrough, decide_passthrough
from referrals.model import PassQuery, Program
from urls.queries import UrlParts, fold_name, parameter_names, remove_parameter, split_url
from urls.targets import CLICK_MACROS


class TargetPlan(msgspec.Struct, frozen=True, kw_only=True):
    """`fixed` is the whole Location, or null if it depends on the click.

    Otherwise parameters are added between `head` and `tail` (the fragment), after `separator`: the token as
    `token_parameter` (null: not added) and the visitor's parameters that `passthrough` allows (null: none).
    `has_referral_macros`: the URL names the code, its ids, or the visitor's sub ids. `is_deep_link`: the visitor
    requested this page by `?url=`.
    """

    fixed: str | None
    head: UrlTemplate
    tail: UrlTemplate
    separator: str
    has_token: bool
    has_referral_macros: bool
    token_parameter: str | None
    passthrough: QueryPassthrough | None
    is_deep_link: bool


def plan_location(url: str, program: Program, query: str) -> TargetPlan:
    """Plan the Location for a stored URL, or for the page the visitor requests if the program allows it."""
    if query and program.deep_link_hosts:
        page = find_deep_link(query, program.deep_link_hosts)
        if page is not None:
            return plan_deep_link(page, program.token_parameter, program.pass_query, program.pass_names)
    return plan_target(url, program.token_parameter, program.pass_query, program.pass_names)


@lru_cache(maxsize=10_000)
def plan_target(
    url: str, token_parameter: str | None, pass_query: PassQuery, pass_names: tuple[str, ...]
) -> TargetPlan:
    return make_plan(split_url(url), parse_template, token_parameter, pass_query, pass_names)


def plan_deep_link(
    url: str, token_parameter: str | None, pass_query: PassQuery, pass_names: tuple[str, ...]
) -> TargetPlan:
    """Plan the Location for a page that the visitor requests: without macros, and without a token of its own."""
    link = split_url(url)
    if token_parameter is not None and link.query is not None:
        link = link._replace(query=remove_parameter(link.query, fold_name(token_parameter)))
    return make_plan(link, read_literally, token_parameter, pass_query, pass_names)


def read_literally(text: str) -> UrlTemplate:
    return UrlTemplate((text,))


def make_plan(
    link: UrlParts,
    read: Callable[[str], UrlTemplate],
    token_parameter: str | None,
    pass_query: PassQuery,
    pass_names: Sequence[str],
) -> TargetPlan:
    head, tail = read(link.before_fragment), read(link.fragment)
    macros = {*head.pieces[1::2], *tail.pieces[1::2]}
    taken = parameter_names(link.query)
    token_name = None if token_parameter is None else fold_name(token_parameter)
    adds_token = token_name is not None and token_name not in taken and not macros & CLICK_MACROS
    return TargetPlan(
        fixed=None if macros or adds_token else head.pieces[0] + tail.pieces[0],
        head=head,
        tail=tail,
        separator=link.separator,
        has_token=adds_token or "click_token" in macros,
        has_referral_macros=not macros <= CLICK_MACROS,
        token_parameter=token_parameter if adds_token else None,
        is_deep_link=read is read_literally,
        passthrough=decide_passthrough(pass_query, pass_names, taken if token_name is None else taken | {token_name}),
    )


def write_location(plan: TargetPlan, values: Mapping[str, str], token: str | None, passed: Sequence[str]) -> str:
    """Write a Location, with the token parameter if a token is given. `values` and `passed` must be encoded."""
    location = fill_template(plan.head, values)
    if token is not None and plan.token_parameter is not None:
        passed = [f"{plan.token_parameter}={token}", *passed]
    if passed:
        location += plan.separator + "&".join(passed)
    return location + fill_template(plan.tail, values)
