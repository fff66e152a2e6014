"""The routes of reports and saved views."""

from typing import Final

from console.auth.browser_session import START
from console.reports.handlers import download_report, show_reports
from console.reports.saved_handlers import add_view, delete_view, open_start, open_view, set_start
from console.reports.share_handlers import end_share, make_share, show_shared, show_shares, unlock_shared
from console.web.route import Route

VIEW: Final = "/views/{view_id}"
SHARED: Final = "/shared/{token}"

ROUTES: Final = (
    Route("GET", "/reports", show_reports, "page"),
    Route("GET", "/reports.csv", download_report, "page"),
    Route("POST", "/views", add_view, "page"),
    Route("POST", START, set_start, "page"),
    Route("GET", START, open_start, "page"),
    Route("GET", VIEW, open_view, "page"),
    Route("POST", f"{VIEW}/remove", delete_view, "page"),
    Route("GET", "/shares", show_shares, "page"),
    Route("POST", "/shares", make_share, "page"),
    Route("POST", "/shares/{share_id}/end", end_share, "page"),
    # Open to whoever has the link.
    Route("GET", SHARED, show_shared, "login"),
    Route("POST", SHARED, unlock_shared, "login"),
)
