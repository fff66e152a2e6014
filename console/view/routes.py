"""The routes of the toolbar."""

from typing import Final

from console.view.handlers import add_filter, show_values
from console.web.route import Route

ROUTES: Final = (
    Route("GET", "/parts/values", show_values, "api"),
    Route("GET", "/view/filter", add_filter, "page"),
)
