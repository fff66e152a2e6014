"""The baseline: a bare aiohttp Application whose handler returns a constant 302 (uvloop, no access log)."""

import asyncio
import sys

import uvloop
from aiohttp import web


async def constant(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "https://shop.example/"})


async def main(port: int) -> None:
    app = web.Application()
    app.router.add_get("/ref/{code}", constant)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
