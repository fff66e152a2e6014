"""What only codes have: a QR code of the link, and test links."""

import io
from datetime import timedelta
from typing import Final

import segno
from aiohttp import hdrs, web

from console.environment import ENVIRONMENT, Environment
from console.referrals.pages import find_one, write_link
from console.web.responses import reply_with_error
from identity.probe_link import make_test_proof

TEST_LASTS: Final = timedelta(hours=24)
SCALE: Final = 8
BORDER: Final = 2


async def draw_qr(request: web.Request) -> web.Response:
    """Draw the link of a code as SVG, as large as it is printed; `?download` saves it."""
    environment: Environment = request.app[ENVIRONMENT]
    one = await find_one(request)
    if environment.settings.public_url is None:
        advice = "A printed link needs the public address: set CLICKRAIL_PUBLIC_URL for the console."
        return reply_with_error(request, 409, "The console does not know the address of the links", advice)
    drawn = io.BytesIO()
    segno.make(write_link(environment, one.value), error="m", micro=False).save(
        drawn, kind="svg", scale=SCALE, border=BORDER, xmldecl=False, svgclass=None, lineclass=None, light="#fff"
    )
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{one.value.id}.svg"'} if request.query_string else {}
    return web.Response(body=drawn.getvalue(), content_type="image/svg+xml", headers=headers)


async def open_test_link(request: web.Request) -> web.Response:
    """Lead to the code's link as a test: its click is recorded, and no total counts it."""
    environment: Environment = request.app[ENVIRONMENT]
    one = await find_one(request)
    if environment.token_keys is None or environment.settings.public_url is None:
        advice = "Test links are signed: set CLICKRAIL_KEYS_FILE and CLICKRAIL_PUBLIC_URL for the console."
        return reply_with_error(request, 409, "The console cannot sign test links", advice)
    expires_at = int((environment.now() + TEST_LASTS).timestamp())
    proof = make_test_proof(environment.token_keys.current(), one.value.id, expires_at)
    return web.Response(status=303, headers={hdrs.LOCATION: f"{write_link(environment, one.value)}?cr_test={proof}"})
