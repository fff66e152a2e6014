"""The form that makes a link, and what is wrong with it. Pure."""

from collections.abc import Mapping
from typing import Final

from console.reports.links import PATH
from console.reports.saved import LONGEST_NAME, LONGEST_QUERY
from console.reports.shares import DAYS, SHARED_PATHS
from console.view.filters import is_storable

LONGEST_PASSWORD: Final = 200
SHORTEST_PASSWORD: Final = 8


def explain_share(form: Mapping[str, str]) -> str:
    """Say what is wrong with a form; empty if nothing is."""
    name, query, secret = form.get("name", "").strip(), form.get("query", ""), form.get("secret", "")
    if not 1 <= len(name) <= LONGEST_NAME:
        return f"Give it a name of 1 to {LONGEST_NAME} characters."
    if (
        form.get("path", PATH) not in SHARED_PATHS
        or len(query) > LONGEST_QUERY
        or not all(map(is_storable, (name, query, secret)))
    ):
        return "Its address is too long, or has a character that cannot be stored."
    if form.get("days", "") not in map(str, DAYS):
        return f"Choose for how many days it is valid: {', '.join(map(str, DAYS))}."
    if secret and not SHORTEST_PASSWORD <= len(secret) <= LONGEST_PASSWORD:
        return f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
    return ""
