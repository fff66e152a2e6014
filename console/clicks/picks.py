"""Addresses that a value in the log leads to: the log with a filter by it, or without. Pure."""

from urllib.parse import quote

import msgspec
from markupsafe import Markup, escape

from console.clicks.log_address import write_log
from console.view.filters import Filter, write_filter
from console.view.view import View, set_filter
from console.web.text import cut, make_visible

SAFE = ":,"
LONGEST_TITLE = 64


class Picks:
    """Writes the addresses of one page's values. A list has many, so what they share is written once."""

    def __init__(self, view: View) -> None:
        # A value of an older page leads to the newest of its kind.
        self._view = msgspec.structs.replace(view, rest=tuple(pair for pair in view.rest if pair[0] != "before"))
        self._others: dict[str, str] = {}
        self.query = write_log(view)

    def link(self, base: str, value: str | None, field: str, shown: Markup) -> Markup:
        """Write a link that filters the log by a value, or by all others with the shift key (`static/clicks.js`).

        Without a value it is what is `shown` alone.
        """
        if not value:
            return shown
        current = ' aria-current="true"' if self.is_only(field, value) else ""
        title = f"Only {cut(make_visible(value), LONGEST_TITLE)}; with Shift: all others"
        return Markup(  # noqa: S704 - every value is escaped
            f'<a class="pick" href="{base}/clicks?{escape(self.only(field, value))}" data-pick="{field}"{current}'
            f' title="{escape(title)}">{shown}</a>'
        )

    def only(self, field: str, value: str) -> str:
        """Write the query with only this value; without the filter if that is what it asks for already."""
        others = self._write_others(field)
        if self.is_only(field, value):
            return others
        return "&".join(filter(None, (others, self._write(Filter(field, "is", (value,))))))

    def without(self, field: str, value: str) -> str:
        """Write the query without this value, besides those that are left out already."""
        known = self._view.find_filter(field)
        left_out = known.values if known and known.operator == "not" else ()
        made = Filter(field, "not", tuple(dict.fromkeys((*left_out, value))))
        return "&".join(filter(None, (self._write_others(field), self._write(made))))

    def is_only(self, field: str, value: str) -> bool:
        known = self._view.find_filter(field)
        return known is not None and (known.operator, known.values) == ("is", (value,))

    def with_own(self, **rest: str) -> str:
        """Write the query with parameters of the page's own; empty ones remove."""
        return write_log(self._view, **rest)

    def _write_others(self, field: str) -> str:
        if field not in self._others:
            self._others[field] = write_log(set_filter(self._view, field, "is", ()))
        return self._others[field]

    @staticmethod
    def _write(one: Filter) -> str:
        name, text = write_filter(one)
        return f"{name}={quote(text, safe=SAFE)}"
