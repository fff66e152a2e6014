"""A route of the console: path, handler, and who may use it."""

from typing import Final

import msgspec

from console.auth.guard import Access, Handler
from console.auth.roles import Permission

METHODS: Final = {"GET": ("GET", "HEAD")}
"""HEAD is answered like GET, without the body (RFC 9110, 9.3.2)."""


class Route(msgspec.Struct, frozen=True):
    """`needs` is the permission of a `page` or `api`; the others are open."""

    method: str
    path: str
    handler: Handler
    access: Access
    needs: Permission = "read"
