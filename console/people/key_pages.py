"""The page of API keys."""

import secrets
from typing import Any, Final

from aiohttp import hdrs, web

from console.auth.keys import digest_of, hint_of, write_key
from console.auth.refusals import Refusal
from console.auth.sessions import SESSION, TOKEN_BYTES
from console.environment import ENVIRONMENT, Environment
from console.people.key_rules import LASTING_DAYS, SCOPES, NewKey, add_key, revoke_key
from console.people.rules import by_session
from console.people.user_pages import make_id
from console.web.forms import read_form
from console.web.responses import reply

DONE: Final = {"revoke": "The key is revoked: within a second it opens nothing any more."}


async def show_keys(request: web.Request) -> web.Response:
    return await reply_keys(request, said=DONE.get(request.query.get("done", "")))


async def reply_keys(request: web.Request, status: int = 200, **context: Any) -> web.Response:
    """Show the keys; `made` is the text of a new one, which is shown this once."""
    environment: Environment = request.app[ENVIRONMENT]
    keys = await environment.login.key_table.list_keys()
    valid = [key for key in keys if key.is_valid(environment.now())]
    over = [key for key in keys if not key.is_valid(environment.now())]
    known: dict[str, Any] = {"said": None, "refusal": None, "made": None, "given": {}}
    scopes = {"scopes": SCOPES, "lasting": LASTING_DAYS}
    return reply(request, "people/keys.html", status, valid=valid, over=over, **scopes, **known | context)


async def make_api_key(request: web.Request) -> web.Response:
    """Make a key. A rotation is a second key with the name and scope of one that is valid."""
    environment: Environment = request.app[ENVIRONMENT]
    form, now, secret = await read_form(request), environment.now(), secrets.token_bytes(TOKEN_BYTES)
    what = (form.get("name", ""), form.get("scope", ""), form.get("days", ""))
    new, by = NewKey(*what, make_id(now), hint_of(secret), digest_of(secret)), by_session(request[SESSION])
    done = await environment.login.key_table.change_key(lambda keys: add_key(keys, by, new, now))
    if isinstance(done, Refusal):
        return await reply_keys(request, done.status, refusal=done, given=form)
    return await reply_keys(request, made=write_key(secret))


async def revoke_api_key(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    key_id, now, by = request.match_info["key_id"], environment.now(), by_session(request[SESSION])
    done = await environment.login.key_table.change_key(lambda keys: revoke_key(keys, by, key_id, now))
    environment.login.keys.forget()
    if isinstance(done, Refusal):
        return await reply_keys(request, done.status, refusal=done)
    return web.Response(status=303, headers={hdrs.LOCATION: environment.base.address("/keys?done=revoke")})
