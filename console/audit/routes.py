"""The route of the audit log."""

from typing import Final

from console.audit.page import show_audit
from console.web.route import Route

ROUTES: Final = (Route("GET", "/audit", show_audit, "page", "administer"),)
