"""The routes of analytics: the page, its parts, and each part as a page."""

from typing import Final

from console.analytics.card import show_card
from console.analytics.everything import show_everything
from console.analytics.handlers import show_analytics, show_chart, show_totals
from console.web.route import Route

ROUTES: Final = (
    Route("GET", "/analytics", show_analytics, "page"),
    Route("GET", "/analytics/all", show_everything, "page"),
    Route("GET", "/analytics/totals", show_totals, "page"),
    Route("GET", "/analytics/chart", show_chart, "page"),
    Route("GET", "/analytics/card/{name}", show_card, "page"),
    Route("GET", "/parts/analytics/totals", show_totals, "api"),
    Route("GET", "/parts/analytics/chart", show_chart, "api"),
    Route("GET", "/parts/analytics/card/{name}", show_card, "api"),
)
