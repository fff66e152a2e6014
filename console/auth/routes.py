"""The routes of the login and of the session."""

from typing import Final

from console.auth.login import log_in, log_out, show_login, show_session
from console.web.route import Route

ROUTES: Final = (
    Route("GET", "/login", show_login, "login"),
    Route("POST", "/login", log_in, "login"),
    Route("POST", "/logout", log_out, "page", "enter"),
    Route("GET", "/api/session", show_session, "api", "enter"),
)
