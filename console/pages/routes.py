"""The routes of the overview, the clicks, the errors and the dead letters."""

from typing import Final

from console.pages.affiliates import show_affiliate
from console.pages.handlers import (
    download_dead_letter,
    show_click,
    show_click_part,
    show_clicks,
    show_dead_letter,
    show_errors,
    show_overview,
    show_overview_part,
)
from console.web.route import Route

LETTER: Final = "/dead-letters/{topic}/{partition:[0-9]{1,9}}/{offset:[0-9]{1,18}}{digest:(?:@[0-9a-f]{1,64})?}"

ROUTES: Final = (
    Route("GET", "/", show_overview, "page"),
    Route("GET", "/clicks", show_clicks, "page"),
    Route("GET", "/clicks/{click_id}", show_click, "page"),
    Route("GET", "/affiliates/{affiliate_id}", show_affiliate, "page"),
    Route("GET", "/errors", show_errors, "page"),
    Route("GET", LETTER, show_dead_letter, "page"),
    Route("GET", f"{LETTER}/value", download_dead_letter, "page"),
    Route("GET", "/parts/overview", show_overview_part, "api"),
    Route("GET", "/parts/clicks/{click_id}", show_click_part, "api"),
)
