"""Explains what a program's settings mean for a visit, and warns of settings that look like mistakes. Pure."""

from urllib.parse import urlsplit

from referrals.lookup.answers import Found
from referrals.model import Program
from schemas.reasons import Reason
from urls.queries import fold_name, parameter_names, split_url
from urls.targets import CLICK_MACROS, TargetProblem, check_target, find_macros, find_unknown_macro


def name_reason(reason: Reason) -> str:
    return f"{reason.number} {reason.title}: {reason.meaning}"


def describe_settings(program: Program) -> list[str]:
    """Describe the settings that differ from the defaults."""
    said = []
    if program.privacy != "full":
        said.append(f"No cookie: the program's privacy policy is {program.privacy}.")
    if program.token_parameter:
        said.append(f"The click token is added as {program.token_parameter} if the target has no macro for it.")
    match program.pass_query:
        case "listed":
            listed = ", ".join(program.pass_names) or "none is listed"
            said.append(f"These parameters of the visitor are passed to the target: {listed}.")
        case "all":
            said.append(
                "All parameters of the visitor are passed to the target; sub1 to sub5 and external_id only if listed."
            )
    if program.deep_link_hosts:
        said.append(f"A visitor may choose a page of {', '.join(program.deep_link_hosts)} by ?url=.")
    if program.cookie_policy == "first":
        said.append("A visitor keeps a valid cookie: the first click counts.")
    return said + describe_quality(program)


def describe_quality(program: Program) -> list[str]:
    said = []
    if program.unique_basis == "cookie":
        said.append("Visitors are recognised by their cookie alone: a click without one counts as unique.")
    if program.accept_client_hints:
        said.append("Browsers are asked for the device's model and the system's version.")
    if program.quality_rules:
        rules = ", ".join(f"{name}={value:g}" for name, value in program.quality_rules.items())
        said.append(f"Clicks are scored with the program's own values: {rules}.")
    if program.subs_are_personal:
        said.append("sub1 to sub5 are personal data: they are removed after CLICKRAIL_SINK_PERSONAL_DAYS.")
    return said


def warn_of_target(found: Found) -> list[str]:
    """Warn of a target and of settings that look like mistakes."""
    url, token = found.target_url, found.program.token_parameter
    warnings = []
    checked = check_target(url)
    if isinstance(checked, TargetProblem):
        warnings.append(f"This target could not be stored today: {checked.reason}.")
    unknown = find_unknown_macro(url)
    if unknown:
        warnings.append(f"The target contains {{{unknown}}}, which is not a macro: it is sent unchanged.")
    if token and not find_macros(url) & CLICK_MACROS and fold_name(token) in parameter_names(split_url(url).query):
        warnings.append(f"No click token is added: the target already has a parameter {token}.")
    if found.program.deep_link_hosts and not token:
        warnings.append("A page that a visitor chooses gets no click token: the program has no token_parameter.")
    return warnings


def warn_of_address(program: Program, origin: str | None, public_url: str | None) -> list[str]:
    """Warn if a link does not lead to ingest, or if browsers will refuse its cookie.

    `origin` is the link's scheme and host, `public_url` the address at which visitors reach ingest; null if not known.
    """
    warnings = []
    if origin and public_url and strip_scheme(origin, public_url) != strip_scheme(public_url, origin):
        warnings.append(f"The link leads to {origin}, but visitors reach ingest at {public_url}.")
    host = host_of(public_url or origin or "")
    domain = program.cookie_domain
    if host and domain and not f".{host}".endswith(f".{domain}"):
        warnings.append(f"Browsers refuse the cookie: its domain {domain} does not cover {host}.")
    return warnings


def strip_scheme(origin: str, other: str) -> str:
    """Return an origin in lower case, without its scheme if one of the two has none."""
    text = origin.lower().rstrip("/")
    return text.partition("//")[2] if "//" in (origin[:2], other[:2]) else text


def host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None
