"""The parameters in the query of a URL, read as the most lenient target server would read them. Pure."""

import re
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

AS_COMPARED: Final = re.compile("[a-z0-9_-]+").fullmatch
"""Matches nearly every name."""
ENDS_NAME: Final = re.compile(r"[\[\0]")
SAME_AS_UNDERSCORE: Final = {ord("."): "_", ord(" "): "_"}
PARAMETER: Final = re.compile("[^&;]+")
"""`;` separates parameters for some servers, so it does here."""


MAX_PARAMETERS: Final = 100
AMPERSAND: Final = re.compile("&(?:amp;)+", re.IGNORECASE)


class UrlParts(NamedTuple):
    """A URL in three parts: before the query, the query without `?` (None: no query), and from the # on."""

    page: str
    query: str | None
    fragment: str

    @property
    def before_fragment(self) -> str:
        return self.page if self.query is None else f"{self.page}?{self.query}"

    @property
    def separator(self) -> str:
        """The separator before one more parameter."""
        if self.query is None:
            return "?"
        return "&" if self.query and not self.query.endswith("&") else ""


def split_url(url: str) -> UrlParts:
    before, mark, fragment = url.partition("#")
    page, question, query = before.partition("?")
    return UrlParts(page, query if question else None, mark + fragment)


def split_query(query: str) -> list[str]:
    """Split the query of a visited link into its first 100 parameters, unchanged.

    `&amp;` separates too: links are copied from a page's source, or escaped twice.
    """
    if ";" in query:
        query = AMPERSAND.sub("&", query)
    return query.split("&", MAX_PARAMETERS)[:MAX_PARAMETERS]


def fold_name(raw: str) -> str:
    """Normalise a parameter's name for comparison: decoded, in lower case, `.` and space as `_`, up to a `[`.

    For some servers `Ref`, `%52ef`, `ref[]` and `ref` are the same parameter, and the last one counts. So a visitor who
    must not set `ref` must not set any of them.
    """
    if AS_COMPARED(raw):
        return raw
    name = unquote_plus(raw, errors="replace")
    return ENDS_NAME.split(name.strip().lower(), maxsplit=1)[0].translate(SAME_AS_UNDERSCORE)


def parameter_names(query: str | None) -> frozenset[str]:
    """Return the normalised parameter names in a query."""
    return frozenset(map(parameter_name, PARAMETER.findall(query or "")))


def parameter_name(parameter: str) -> str:
    return fold_name(parameter.partition("=")[0])


def remove_parameter(query: str, name: str) -> str:
    """Return a query without the parameters of a normalised name; the rest is unchanged."""
    return PARAMETER.sub(lambda found: "" if parameter_name(found[0]) == name else found[0], query)
