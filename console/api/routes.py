"""The routes of the JSON API."""

from typing import Final

from console.api.attribution import show_attribution
from console.web.route import Route

ROUTES: Final = (Route("GET", "/api/v1/attribution", show_attribution, "api"),)
