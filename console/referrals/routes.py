"""The routes of programs, affiliates, codes and their import."""

from functools import partial
from typing import Final

from console.referrals.actions import set_one_status, show_bulk
from console.referrals.codes import draw_qr, open_test_link
from console.referrals.form_pages import create, save, show_form, show_new_form
from console.referrals.importing import preview_import, run_import, show_import
from console.referrals.kinds import KINDS
from console.referrals.lists import show_list
from console.referrals.pages import show_one
from console.web.route import Route


def list_routes(many: str) -> tuple[Route, ...]:
    """List the routes of a kind. Fixed words come before ids: no id begins with a capital letter, and codes may."""
    place = f"/{many}"
    return (
        Route("GET", place, partial(show_list, KINDS[many]), "page"),
        Route("POST", place, create, "page", "edit"),
        Route("GET", f"{place}/actions/new", show_new_form, "page", "edit"),
        Route("POST", f"{place}/actions/bulk", show_bulk, "page", "edit"),
        Route("GET", f"{place}/{{id}}", show_one, "page"),
        Route("GET", f"{place}/{{id}}/edit", show_form, "page", "edit"),
        Route("POST", f"{place}/{{id}}/edit", save, "page", "edit"),
        Route("POST", f"{place}/{{id}}/status", set_one_status, "page", "edit"),
    )


ROUTES: Final = (
    *(route for many in KINDS for route in list_routes(many)),
    Route("GET", "/codes/{id}/qr.svg", draw_qr, "page"),
    Route("GET", "/codes/{id}/test", open_test_link, "page"),
    Route("GET", "/import", show_import, "page", "edit"),
    Route("POST", "/parts/import/preview", preview_import, "api", "edit"),
    Route("POST", "/parts/import/run", run_import, "api", "edit"),
)
