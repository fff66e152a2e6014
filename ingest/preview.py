"""Previews the response to a visit of a link, with the steps of the redirect and a made-up click. Pure."""

from typing import Final, Literal, TypeAlias

import msgspec
from multidict import CIMultiDict, CIMultiDictProxy

from identity.token import make_token
from ingest.pipeline import Keys, build_location, decide_privacy
from ingest.refusals import Refusal, refuse_code, resolve_answer
from ingest.request.parameters import read_parameters
from ingest.target.deep_link import find_deep_link
from referrals.lookup.answers import Answer, Found
from schemas.reasons import MALFORMED_CODE, Reason
from urls.links import VisitedLink, is_link, match_code

Source: TypeAlias = Literal["visitor", "code", "program"]
"""Where the target comes from: the program, the code, or the visitor's `?url=`."""

NO_SIGNALS: Final = CIMultiDictProxy(CIMultiDict[str]())
CLICK: Final = "CLICK"
TOKEN: Final = "TOKEN"  # noqa: S105 - a placeholder


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The status and Location of a visit without privacy signals. CLICK and TOKEN replace the click's id and token.

    `reason` says why the visit makes no click; null if it makes one, or if the path is no link. `source` is null if
    the visit is not redirected to a target.
    """

    status: int
    location: str | None = None
    reason: Reason | None = None
    sets_cookie: bool = False
    source: Source | None = None

    @property
    def makes_click(self) -> bool:
        return self.status == 302 and self.reason is None  # noqa: PLR2004 - a status


def preview_visit(link: VisitedLink, answer: Answer, keys: Keys, click_id: str, fallback_url: str | None) -> Preview:
    """Preview a visit of a link, given the answer of the lookup of its code and the setting `fallback_url`."""
    if not is_link(link.path):
        return Preview(status=404)
    malformed = match_code(link.path) is None
    resolved = (
        refuse_code(MALFORMED_CODE, fallback_url) if malformed else resolve_answer(answer, link.query, fallback_url)
    )
    if isinstance(resolved, Refusal):
        return Preview(status=resolved.status, location=resolved.location, reason=resolved.reason)
    location = build_location(keys, resolved, click_id, read_parameters(link.query), link.query).location
    # Replace the token first: it begins with the id.
    token = make_token(keys.token, click_id, resolved.program.id)
    location = location.replace(token, TOKEN).replace(click_id, CLICK)
    return Preview(
        status=302,
        location=location,
        sets_cookie=decide_privacy(resolved.program, NO_SIGNALS).decision == "full",
        source=find_source(resolved, link.query),
    )


def find_source(found: Found, query: str) -> Source:
    hosts = found.program.deep_link_hosts
    if hosts and find_deep_link(query, hosts) is not None:
        return "visitor"
    return "code" if found.code.target_url else "program"
