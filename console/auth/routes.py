"""The routes of the login and of the session."""

from typing import Final

from console.auth.browser_session import log_out, show_session
from console.auth.login import log_in
from console.auth.login_page import show_login
from console.auth.oidc.handlers import begin_login, end_login
from console.auth.oidc.settings import CALLBACK
from console.web.route import Route

ROUTES: Final = (
    Route("GET", "/login", show_login, "login"),
    Route("POST", "/login", log_in, "login"),
    Route("GET", "/login/oidc", begin_login, "login"),
    Route("GET", CALLBACK, end_login, "login"),
    Route("POST", "/logout", log_out, "page", "enter"),
    Route("GET", "/api/session", show_session, "api", "enter"),
)
