"""Templates: all values are escaped, and a missing name is an error."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup, escape

from console.web.addresses import ROOT, Base
from console.web.assets import Assets
from console.web.text import cut, describe_size, make_visible
from console.web.times import describe_age, describe_duration, describe_exactly, describe_in_zone

FOLDER: Final = Path(__file__).parent / "templates"


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
    templates.globals |= {"base": base.path, "asset": lambda name: base.address(assets.urls[name])}
    templates.filters |= {
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


def format_code(sentence: str) -> Markup:
    """Turn `backticks` in our own sentences into <code>."""
    pieces = enumerate(sentence.split("`"))
    return Markup().join(
        Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece) for number, piece in pieces
    )
