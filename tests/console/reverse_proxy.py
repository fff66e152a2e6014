"""A reverse proxy with the console below a path, as people put one before it: the path is passed on, or taken away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import hdrs, web

HOP_BY_HOP = {hdrs.CONNECTION, hdrs.KEEP_ALIVE, hdrs.TRANSFER_ENCODING, hdrs.CONTENT_LENGTH, hdrs.HOST}


@asynccontextmanager
async def reverse_proxy(upstream: str, path: str, *, strips: bool) -> AsyncIterator[str]:
    """Give the address of a proxy of `upstream` below `path`; anything else at that address is another program's."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as session:

        async def pass_on(request: web.Request) -> web.StreamResponse:
            if not (request.path_qs + "/").startswith(path):
                return web.Response(status=418, text="another program")
            target = request.path_qs.removeprefix(path) if strips else request.path_qs
            headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
            async with session.request(
                request.method,
                upstream + target,
                headers=headers | {hdrs.X_FORWARDED_FOR: request.remote or ""},
                data=await request.read(),
                allow_redirects=False,
            ) as answer:
                response = web.StreamResponse(status=answer.status)
                for name, value in answer.headers.items():
                    if name not in HOP_BY_HOP:
                        response.headers.add(name, value)
                await response.prepare(request)
                async for piece in answer.content.iter_any():
                    await response.write(piece)
                return response

        runner = web.AppRunner(web.Application(middlewares=[]), access_log=None, shutdown_timeout=0.1)
        runner.app.router.add_route("*", "/{rest:.*}", pass_on)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()
