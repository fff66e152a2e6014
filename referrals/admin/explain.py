"""Explains what the settings of a program mean for a visit, and warns of what may not do what was meant. Pure."""

from urllib.parse import urlsplit

from referrals.lookup.answers import Found
from referrals.model import Program
from schemas.reasons import Reason
from urls.queries import fold_name, parameter_names, split_url
from urls.targets import CLICK_MACROS, TargetProblem, check_target, find_macros, find_unknown_macro


def name_reason(reason: Reason) -> str:
    return f"{reason.number} {reason.title}: {reason.meaning}"


def describe_settings(program: Program) -> list[str]:
    """Say what a program's settings do, where they are not the usual ones."""
    said = []
    if program.privacy != "full":
        said.append(f"No cookie: the program's privacy policy is {program.privacy}.")
    if program.token_parameter:
        said.append(f"The click token is added as {program.token_parameter}, where the target has no macro for it.")
    match program.pass_query:
        case "listed":
            listed = ", ".join(program.pass_names) or "none is listed"
            said.append(f"The visitor's parameters that are listed go on to the target: {listed}.")
        case "all":
            said.append("The visitor's parameters go on to the target; sub1 to sub5 and external_id where listed.")
    if program.deep_link_hosts:
        said.append(f"A visitor may choose a page of {', '.join(program.deep_link_hosts)} by ?url=.")
    if program.cookie_policy == "first":
        said.append("A visitor who has a valid cookie keeps it: the first click counts.")
    return said


def warn_of_target(found: Found) -> list[str]:
    """Warn of a target, and of settings, that may not do what was meant."""
    url, token = found.target_url, found.program.token_parameter
    warnings = []
    checked = check_target(url)
    if isinstance(checked, TargetProblem):
        warnings.append(f"The target would be refused today: {checked.reason}.")
    unknown = find_unknown_macro(url)
    if unknown:
        warnings.append(f"The target has {{{unknown}}} in it, which is no macro: it is sent as it stands.")
    if token and not find_macros(url) & CLICK_MACROS and fold_name(token) in parameter_names(split_url(url).query):
        warnings.append(f"No click token is added: the target names {token} itself.")
    if found.program.deep_link_hosts and not token:
        warnings.append("A page that a visitor chooses gets no click token: the program has no token_parameter.")
    return warnings


def warn_of_address(program: Program, origin: str | None, public_url: str | None) -> list[str]:
    """Warn where a link (its scheme and host, null where not known) does not lead to ingest, or its cookie is refused.

    `public_url` is where visitors reach ingest, null where that is not known.
    """
    warnings = []
    if origin and public_url and bare(origin, public_url) != bare(public_url, origin):
        warnings.append(f"The link leads to {origin}, and visitors reach ingest at {public_url}.")
    host = host_of(public_url or origin or "")
    domain = program.cookie_domain
    if host and domain and not f".{host}".endswith(f".{domain}"):
        warnings.append(f"Browsers refuse the cookie: its domain {domain} does not cover {host}.")
    return warnings


def bare(origin: str, other: str) -> str:
    """Give an origin as it is compared with another: without the scheme where one of them has none."""
    text = origin.lower().rstrip("/")
    return text.partition("//")[2] if "//" in (origin[:2], other[:2]) else text


def host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None
