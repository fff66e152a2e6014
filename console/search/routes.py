"""The route of the search box."""

from typing import Final

from console.search.handlers import show_search
from console.web.route import Route

ROUTES: Final = (Route("GET", "/search", show_search, "page"),)
