"""Where a visitor goes, as far as it is known before the click. Pure.

What is added to a URL, the click token and what is passed on of the visitor's own query, goes behind its query, so
that nothing which is added can be taken for its host. docs/targets.md has the rules, and cases of each.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import msgspec

from ingest.target.deep_link import find_deep_link
from ingest.target.macros import Target, fill_target, read_target
from ingest.target.query_passthrough import QueryPassthrough, decide_passthrough
from referrals.model import PassQuery, Program
from urls.queries import UrlParts, fold_name, parameter_names, remove_parameter, split_url
from urls.targets import CLICK_MACROS


class TargetPlan(msgspec.Struct, frozen=True, kw_only=True):
    """`fixed` is the whole Location, null where it depends on the click; `names_referral`: on more than the click.

    Else parameters are added between `head` and `tail` (the fragment), the first behind `joint`: the token under
    `token_parameter`, null where none is added, and what `passing` lets through of the visitor's, null for nothing.
    `is_deep_link`: the visitor asked for that page.
    """

    fixed: str | None
    head: Target
    tail: Target
    joint: str
    carries_token: bool
    names_referral: bool
    token_parameter: str | None
    passing: QueryPassthrough | None
    is_deep_link: bool


def plan_visit(url: str, program: Program, query: str) -> TargetPlan:
    """Plan the way to a stored URL, or to the page the visitor asks for where the program allows it."""
    if query and program.deep_link_hosts:
        page = find_deep_link(query, program.deep_link_hosts)
        if page is not None:
            return plan_deep_link(page, program.token_parameter, program.pass_query, program.pass_names)
    return plan_target(url, program.token_parameter, program.pass_query, program.pass_names)


@lru_cache(maxsize=10_000)
def plan_target(
    url: str, token_parameter: str | None, pass_query: PassQuery, pass_names: tuple[str, ...]
) -> TargetPlan:
    return make_plan(split_url(url), read_target, token_parameter, pass_query, pass_names)


def plan_deep_link(
    url: str, token_parameter: str | None, pass_query: PassQuery, pass_names: tuple[str, ...]
) -> TargetPlan:
    """Plan the way to a page that the visitor chose: nothing in it is a macro, nor poses as the token."""
    link = split_url(url)
    if token_parameter is not None and link.query is not None:
        link = link._replace(query=remove_parameter(link.query, fold_name(token_parameter)))
    return make_plan(link, take_literally, token_parameter, pass_query, pass_names)


def take_literally(text: str) -> Target:
    return Target((text,))


def make_plan(
    link: UrlParts,
    read: Callable[[str], Target],
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
        joint=link.separator,
        carries_token=adds_token or "click_token" in macros,
        names_referral=not macros <= CLICK_MACROS,
        token_parameter=token_parameter if adds_token else None,
        is_deep_link=read is take_literally,
        passing=decide_passthrough(pass_query, pass_names, taken if token_name is None else taken | {token_name}),
    )


def write_location(plan: TargetPlan, values: Mapping[str, str], token: str | None, passed: Sequence[str]) -> str:
    """Write a Location. Without a token none is added; `values` and `passed` are as they are to be sent."""
    location = fill_target(plan.head, values)
    if token is not None and plan.token_parameter is not None:
        passed = [f"{plan.token_parameter}={token}", *passed]
    if passed:
        location += plan.joint + "&".join(passed)
    return location + fill_target(plan.tail, values)
