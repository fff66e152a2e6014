"""What a visit of a link would get, told by the redirect's own steps with a click that is nobody's. Pure."""

from typing import Final, Literal, TypeAlias

import msgspec
from multidict import CIMultiDict, CIMultiDictProxy

from identity.token import make_token
from ingest.answers import Refusal, refuse_code, resolve_answer
from ingest.pipeline import Keys, build_location, decide_privacy
from ingest.request.parameters import read_parameters
from ingest.target.deep_link import find_deep_link
from referrals.lookup.answers import Answer, Found
from schemas.reasons import MALFORMED_CODE, Reason
from urls.links import VisitedLink, is_link, match_code

Source: TypeAlias = Literal["visitor", "code", "program"]
"""Whose target it is: that of the program, of the code, or a page that the visitor asks for by `?url=`."""

NO_SIGNALS: Final = CIMultiDictProxy(CIMultiDict[str]())
CLICK: Final = "CLICK"
TOKEN: Final = "TOKEN"  # noqa: S105 - it stands for one


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A visit's status and Location; CLICK and TOKEN stand where each click has an id and a token of its own.

    `reason` is why it makes no click: null where it makes one, and where there is no link at all. `source` is null
    where the visitor goes to no target. A browser without privacy signals is meant.
    """

    status: int
    location: str | None = None
    reason: Reason | None = None
    sets_cookie: bool = False
    source: Source | None = None

    @property
    def makes_click(self) -> bool:
        return self.status == 302 and self.reason is None  # noqa: PLR2004 - the redirect's


def preview_visit(link: VisitedLink, answer: Answer, keys: Keys, click_id: str, fallback_url: str | None) -> Preview:
    """Give what the redirect answers to a link of whose code a lookup says this; `fallback_url` is the setting's."""
    if not is_link(link.path):
        return Preview(status=404)
    malformed = match_code(link.path) is None
    judged = (
        refuse_code(MALFORMED_CODE, fallback_url) if malformed else resolve_answer(answer, link.query, fallback_url)
    )
    if isinstance(judged, Refusal):
        return Preview(status=judged.status, location=judged.location, reason=judged.reason)
    location = build_location(keys, judged, click_id, read_parameters(link.query), link.query).location
    # The token begins with the id.
    location = location.replace(make_token(keys.token, click_id), TOKEN).replace(click_id, CLICK)
    return Preview(
        status=302,
        location=location,
        sets_cookie=decide_privacy(judged.program, NO_SIGNALS).decision == "full",
        source=find_source(judged, link.query),
    )


def find_source(found: Found, query: str) -> Source:
    hosts = found.program.deep_link_hosts
    if hosts and find_deep_link(query, hosts) is not None:
        return "visitor"
    return "code" if found.code.target_url else "program"
