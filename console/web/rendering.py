"""Templates: all values are escaped, and a missing name is an error."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import jinja2
from markupsafe import Markup, escape

from console.web.addresses import ROOT, Base
from console.web.assets import Assets
from console.web.text import cut, describe_size, make_visible
from console.web.times import describe_age, describe_duration, describe_exactly, describe_in_zone

FOLDER: Final = Path(__file__).parent / "templates"


class Figures(Protocol):
    """A number as a table shows it: its change, and what it was before, may be empty."""

    @property
    def title(self) -> str: ...
    @property
    def shown(self) -> str: ...
    @property
    def change(self) -> str: ...
    @property
    def before(self) -> str: ...
    @property
    def tone(self) -> str: ...


def open_templates(assets: Assets, base: Base = ROOT) -> jinja2.Environment:
    """Open the templates with our filters: for untrusted texts, times and numbers."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.globals |= {
        "base": base.path,
        "asset": lambda name: base.address(assets.urls[name]),
        # A page has hundreds of times and texts: as macros of a template they took a fifth of its time.
        "age": write_age,
        "figures": partial(write_figures, base.path),
    }
    templates.filters |= {
        "text": write_text,
        "visible": make_visible,
        "cut": cut,
        "age": describe_age,
        "exactly": describe_exactly,
        "duration": describe_duration,
        "iso": datetime.isoformat,
        "prose": format_code,
        "number": lambda number: f"{number:,}",
        "zoned": describe_in_zone,
        "size": describe_size,
    }
    return templates


def render(templates: jinja2.Environment, name: str, **context: Any) -> str:
    return templates.get_template(name).render(context)


def write_text(value: str, length: int = 64) -> Markup:
    """Write an untrusted text: invisible characters as escapes, cut to `length`; then its title has all of it."""
    shown = make_visible(value)
    if len(shown) <= length:
        return Markup(f"<bdi>{escape(shown)}</bdi>")  # noqa: S704 - escaped
    return Markup(f'<bdi title="{escape(shown)}">{escape(cut(shown, length))}</bdi>')  # noqa: S704 - escaped


def write_age(time: datetime, now: datetime) -> Markup:
    """Write how long ago a time is; its title has the time. `static/page.js` keeps it true."""
    title, words = describe_exactly(time), describe_age(time, now)
    return Markup(f'<time datetime="{time.isoformat()}" title="{title}" data-age>{words}</time>')  # noqa: S704 - ours


def write_figures(base: str, figures: Figures, address: str) -> Markup:
    """Write a cell of a table of numbers, linked to an address of ours unless it is empty."""
    shown = escape(figures.shown)
    if address:
        shown = Markup(f'<a href="{escape(base + address)}" title="The clicks behind it">{shown}</a>')  # noqa: S704 - escaped
    against = ""
    if figures.before:
        tone = f" is-{escape(figures.tone)}" if figures.tone else ""
        change = f'<span class="delta{tone}">{escape(figures.change)}</span> ' if figures.change else ""
        before = f'<span title="In the range to compare with">{escape(figures.before)}</span>'
        against = f'<small class="against">{change}{before}</small>'
    return Markup(f'<td class="number" data-label="{escape(figures.title)}">{shown}{against}</td>')  # noqa: S704 - escaped


def format_code(sentence: str) -> Markup:
    """Turn `backticks` in our own sentences into <code>."""
    pieces = enumerate(sentence.split("`"))
    return Markup().join(
        Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece) for number, piece in pieces
    )
