"""Roles of people, and what each may do. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

Role = Literal["owner", "admin", "editor", "viewer", "affiliate"]
Permission = Literal["enter", "own", "read", "edit", "operate", "administer"]
"""`enter`: log in, and see one's own account. `own`: the numbers of one's own affiliate. `read`: every click, with its
personal columns, and exports. `edit`: programs, affiliates and codes. `operate`: replay, erasure, everybody's jobs.
`administer`: users, keys, the audit log."""

ROLES: Final[tuple[Role, ...]] = get_args(Role)
MAY: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        "owner": frozenset({"enter", "read", "edit", "operate", "administer"}),
        "admin": frozenset({"enter", "read", "edit", "operate", "administer"}),
        "editor": frozenset({"enter", "read", "edit"}),
        "viewer": frozenset({"enter", "read"}),
        "affiliate": frozenset({"enter", "own"}),
    }
)
"""Of an admin the owner differs in one thing: nobody else may change or remove an owner."""


def may(role: Role, permission: Permission) -> bool:
    return permission in MAY[role]
