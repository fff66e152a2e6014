"""The endpoints of the JSON API, and their description."""

from typing import Any, Final

from aiohttp import web

from console.api.analytics import ANALYTICS
from console.api.annotations import ANNOTATIONS
from console.api.answers import answer_json
from console.api.attribution import ATTRIBUTION
from console.api.endpoints import Endpoint, list_routes
from console.api.jobs import JOBS
from console.api.lists import LISTS
from console.api.openapi import describe_api
from console.api.records import CLICK, REJECTION
from console.api.referral_changes import REFERRAL_CHANGES
from console.api.referrals import REFERRALS
from runtime.process import clickrail_version


async def show_description(_: web.Request) -> web.Response:
    return answer_json(DESCRIPTION)


OPENAPI: Final = Endpoint(
    method="GET",
    path="/openapi.json",
    handler=show_description,
    name="describeApi",
    summary="This description",
    answer=dict[str, Any],
)
ENDPOINTS: Final = (
    ANALYTICS,
    *LISTS,
    CLICK,
    REJECTION,
    *REFERRALS,
    *REFERRAL_CHANGES,
    ATTRIBUTION,
    *JOBS,
    *ANNOTATIONS,
    OPENAPI,
)
ROUTES: Final = list_routes(ENDPOINTS)
DESCRIPTION: Final = describe_api(ENDPOINTS, clickrail_version())
