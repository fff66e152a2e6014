"""The routes of the overview and of an affiliate's quality."""

from typing import Final

from console.pages.affiliates import show_affiliate
from console.pages.handlers import show_overview, show_overview_part
from console.web.route import Route

ROUTES: Final = (
    Route("GET", "/", show_overview, "page"),
    Route("GET", "/affiliates/{affiliate_id}/quality", show_affiliate, "page"),
    Route("GET", "/parts/overview", show_overview_part, "api"),
)
