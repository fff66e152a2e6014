"""Templates: whatever strangers send is text."""

import jinja2
import pytest

from console.clicks.events import ClickOrRejection
from console.clicks.lines import make_line
from console.clicks.picks import Picks
from console.pages.overview import Overview
from console.reports.table import Cell
from console.view.view import View
from console.web.assets import FOLDER as FILES
from console.web.assets import TYPES, load_assets
from console.web.rendering import FOLDER, format_code, open_templates, render, write_figures
from schemas import Device, Referrer
from storage.read.counts import Totals
from storage.read.records import StoredClick, StoredRejection
from tests.console.builders import BRACES, ENDLESS, IMAGE, NOW, TURNED, enriched_click, rejected_click

PICKS = Picks(View())


@pytest.fixture(scope="module")
def templates() -> jinja2.Environment:
    return open_templates(load_assets())


def render_rows(templates: jinja2.Environment, *event: ClickOrRejection) -> str:
    return render(
        templates, "clicks/rows.html", picks=PICKS, anchor=None, lines=[make_line(item) for item in event], now=NOW
    )


@pytest.mark.parametrize("hostile", [IMAGE, '"><script>alert(1)</script>', "'onmouseover='alert(1)"])
def test_markup_of_strangers_is_text(templates: jinja2.Environment, hostile: str) -> None:
    click = enriched_click(
        user_agent=hostile,
        referrer=Referrer(url=hostile, host=hostile, medium="unknown"),
        device=Device(type="other", browser=hostile, brand=hostile),
    )
    rows = render_rows(templates, StoredClick(click, NOW), StoredRejection(rejected_click(asked=hostile), NOW))

    assert hostile not in rows
    assert "<img" not in rows
    assert "<script" not in rows


def test_braces_of_strangers_are_no_template(templates: jinja2.Environment) -> None:
    rows = render_rows(templates, StoredRejection(rejected_click(asked=BRACES, user_agent=BRACES), NOW))

    assert "{{7*7}}" in rows
    assert "49" not in rows


def test_a_text_that_turns_the_line_around_is_shown_by_its_number(templates: jinja2.Environment) -> None:
    rows = render_rows(templates, StoredRejection(rejected_click(asked=TURNED), NOW))

    assert "\u202e" not in rows
    assert "safe\\u202Etxt.exe" in rows


def test_a_text_without_end_is_cut_and_stands_whole_in_its_title(templates: jinja2.Environment) -> None:
    rows = render_rows(templates, StoredRejection(rejected_click(user_agent=ENDLESS), NOW))

    assert f'title="{ENDLESS}"' in rows
    assert "longest-longest-longest-longest-l…" in rows


def test_no_template_holds_a_style_or_a_script_of_its_own() -> None:
    texts = {path.name: path.read_text() for path in FOLDER.rglob("*.html")}
    inline = ('style="', "onclick", "onload", "javascript:", "<style", "<script>", "http-equiv")

    # It leads on after a login with a provider, for a cookie that a redirect from there would not carry.
    allowed = [("logged_in.html", "http-equiv")]
    assert [(name, word) for name, text in texts.items() for word in inline if word in text] == allowed


def test_what_was_too_much_to_count_is_said_to_be_so(templates: jinja2.Environment) -> None:
    minute = Totals(90_000, 9_000, 100, 0)
    overview = Overview(as_of=NOW, newest_at=NOW, minute=minute, today=None, minutes=None, codes=None, countries=None)
    part = render(templates, "parts/overview.html", overview=overview, chart=None, now=NOW, public_url=None)

    assert '<p class="big">99,000</p>' in part
    assert part.count("Counting took too long.") == 3


def test_our_own_sentences_may_set_code() -> None:
    assert format_code("run `clickrail <up>` now") == "run <code>clickrail &lt;up&gt;</code> now"


def test_files_are_named_by_their_content() -> None:
    assets = load_assets()

    names = {path.name for path in FILES.rglob("*") if path.suffix in TYPES}
    assert set(assets.urls) == names > {"console.css", "page.js", "mark.svg"}
    assert all(url.removeprefix("/static/") in assets.by_name for url in assets.urls.values())


def test_a_number_of_a_table_is_escaped_and_linked_below_the_path_of_the_console() -> None:
    cell = Cell("People <b>", "1,234 <i>", change="+5 %", before="1,175", tone="good")
    html = write_figures("/track", cell, "/clicks?a=1&b=2")

    assert html == (
        '<td class="number" data-label="People &lt;b&gt;">'
        '<a href="/track/clicks?a=1&amp;b=2" title="The clicks behind it">1,234 &lt;i&gt;</a>'
        '<small class="against"><span class="delta is-good">+5 %</span> '
        '<span title="In the range to compare with">1,175</span></small></td>'
    )


def test_a_number_without_clicks_behind_it_or_a_range_beside_it_stands_alone() -> None:
    assert write_figures("", Cell("People", "0"), "") == '<td class="number" data-label="People">0</td>'
