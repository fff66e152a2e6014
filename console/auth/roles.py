"""Roles of people, and what each may do. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

Role = Literal["owner", "admin", "editor", "viewer", "affiliate"]
Permission = Literal["enter", "read", "edit", "operate", "administer"]
"""`enter`: log in, and see what is one's own. `read`: every click, with its personal columns, and exports. `edit`:
programs, affiliates and codes. `operate`: replay, erasure, jobs. `administer`: users, keys, the audit log."""

ROLES: Final[tuple[Role, ...]] = get_args(Role)
MAY: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        "owner": frozenset(get_args(Permission)),
        "admin": frozenset(get_args(Permission)),
        "editor": frozenset({"enter", "read", "edit"}),
        "viewer": frozenset({"enter", "read"}),
        "affiliate": frozenset({"enter"}),
    }
)
"""Of an admin the owner differs in one thing: nobody else may change or remove an owner."""


def may(role: Role, permission: Permission) -> bool:
    return permission in MAY[role]
