"""The routes of the live stream and of the state of the servers."""

from typing import Final

from console.live.stream import show_status, stream_clicks
from console.web.route import Route

ROUTES: Final = (
    Route("GET", "/live/clicks", stream_clicks, "api"),
    Route("GET", "/api/status", show_status, "api", "enter"),
)
