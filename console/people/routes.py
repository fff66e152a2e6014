"""The routes of users, invitations, one's own account, API keys, and an affiliate's own numbers."""

from typing import Final

from console.people.account_pages import change_name, change_password, end_own_session, show_account
from console.people.code_pages import begin_setup, confirm_setup, remove_codes
from console.people.invitation_pages import accept_invitation, show_invitation
from console.people.key_pages import make_api_key, revoke_api_key, show_keys
from console.people.own_page import show_own
from console.people.user_pages import change_role, change_user, invite_user, reset_user, show_users
from console.web.route import Route

USER: Final = "/users/{user_id:[a-z0-9]{1,40}}"
INVITATION: Final = "/invitation/{token}"

ROUTES: Final = (
    Route("GET", "/users", show_users, "page", "administer"),
    Route("POST", "/users", invite_user, "page", "administer"),
    Route("POST", f"{USER}/role", change_role, "page", "administer"),
    Route("POST", f"{USER}/reset", reset_user, "page", "administer"),
    Route("POST", f"{USER}/{{what:disable|enable|sessions|forget}}", change_user, "page", "administer"),
    Route("GET", INVITATION, show_invitation, "login"),
    Route("POST", INVITATION, accept_invitation, "login"),
    Route("GET", "/account", show_account, "page", "enter"),
    Route("POST", "/account/name", change_name, "page", "enter"),
    Route("POST", "/account/password", change_password, "page", "enter"),
    Route("POST", "/account/code", begin_setup, "page", "enter"),
    Route("POST", "/account/code/confirm", confirm_setup, "page", "enter"),
    Route("POST", "/account/code/remove", remove_codes, "page", "enter"),
    Route("POST", "/account/sessions/{session_id:[0-9a-f]{64}}/end", end_own_session, "page", "enter"),
    Route("GET", "/keys", show_keys, "page", "administer"),
    Route("POST", "/keys", make_api_key, "page", "administer"),
    Route("POST", "/keys/{key_id:[a-z0-9]{1,40}}/revoke", revoke_api_key, "page", "administer"),
    Route("GET", "/own", show_own, "page", "own"),
)
