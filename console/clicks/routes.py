"""The routes of the clicks, the errors and the dead letters."""

from typing import Final

from console.clicks.click_page import show_click, show_click_part
from console.clicks.errors import show_errors
from console.clicks.export import download_clicks
from console.clicks.letters import download_dead_letter, show_dead_letter, show_letters
from console.clicks.log import show_clicks
from console.web.route import Route

LETTER: Final = "/dead-letters/{topic}/{partition:[0-9]{1,9}}/{offset:[0-9]{1,18}}{digest:(?:@[0-9a-f]{1,64})?}"

ROUTES: Final = (
    Route("GET", "/clicks", show_clicks, "page"),
    Route("GET", "/clicks.csv", download_clicks, "page"),
    Route("GET", "/clicks/{click_id}", show_click, "page"),
    Route("GET", "/errors", show_errors, "page"),
    Route("GET", "/dead-letters", show_letters, "page"),
    Route("GET", LETTER, show_dead_letter, "page"),
    Route("GET", f"{LETTER}/value", download_dead_letter, "page"),
    Route("GET", "/parts/clicks/{click_id}", show_click_part, "api"),
)
