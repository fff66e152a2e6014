"""What the query of a URL names, read as the most generous of the servers behind our targets would. Pure."""

import re
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

AS_COMPARED: Final = re.compile("[a-z0-9_-]+").fullmatch
"""Nearly every name there is."""
ENDS_NAME: Final = re.compile(r"[\[\0]")
SAME_AS_UNDERSCORE: Final = {ord("."): "_", ord(" "): "_"}
PARAMETER: Final = re.compile("[^&;]+")
"""A `;` separates for some servers, so it does here."""


MAX_PARAMETERS: Final = 100
AMPERSAND: Final = re.compile("&(?:amp;)+", re.IGNORECASE)


class UrlParts(NamedTuple):
    """A URL in three parts: up to its query, the query without its question mark (null: none), from the # on."""

    page: str
    query: str | None
    fragment: str

    @property
    def before_fragment(self) -> str:
        return self.page if self.query is None else f"{self.page}?{self.query}"

    @property
    def separator(self) -> str:
        """What stands between the query and one more parameter."""
        if self.query is None:
            return "?"
        return "&" if self.query and not self.query.endswith("&") else ""


def split_url(url: str) -> UrlParts:
    before, mark, fragment = url.partition("#")
    page, question, query = before.partition("?")
    return UrlParts(page, query if question else None, mark + fragment)


def split_query(query: str) -> list[str]:
    """Split the query of a visited link into its parameters, as they were sent: the first 100.

    `&amp;` separates too: links are copied out of a page's source, or escaped twice.
    """
    if ";" in query:
        query = AMPERSAND.sub("&", query)
    return query.split("&", MAX_PARAMETERS)[:MAX_PARAMETERS]


def fold_name(raw: str) -> str:
    """Give a parameter's name as it is compared: decoded, in lower case, `.` and space as `_`, up to a `[`.

    There are servers for which `Ref`, `%52ef`, `ref[]` and `ref` are one parameter, and the last one given counts. So
    whoever must not set `ref` must not set any of them.
    """
    if AS_COMPARED(raw):
        return raw
    name = unquote_plus(raw, errors="replace")
    return ENDS_NAME.split(name.strip().lower(), maxsplit=1)[0].translate(SAME_AS_UNDERSCORE)


def parameter_names(query: str | None) -> frozenset[str]:
    """Give the names in a query as they are compared."""
    return frozenset(map(parameter_name, PARAMETER.findall(query or "")))


def parameter_name(parameter: str) -> str:
    return fold_name(parameter.partition("=")[0])


def remove_parameter(query: str, name: str) -> str:
    """Give a query without the parameters of a name, which is given as it is compared; the rest as it stands."""
    return PARAMETER.sub(lambda found: "" if parameter_name(found[0]) == name else found[0], query)
