"""Users: who they are in a session, and what their row holds. Pure."""

from datetime import datetime
from typing import Final

import msgspec

from console.auth.roles import Role

OWNER_ID: Final = "owner"
"""The user that each installation begins with; without a password of its own it has CLICKRAIL_CONSOLE_PASSWORD."""


class User(msgspec.Struct, frozen=True):
    """Who a session belongs to. `affiliate_id` is that of the role `affiliate`, else null."""

    id: str
    name: str
    role: Role
    affiliate_id: str | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `users`. `login` is in lower case; `totp_step` is the time step of the newest code that was used."""

    id: str
    login: str
    name: str
    role: Role
    affiliate_id: str | None = None
    password_hash: str | None = None
    totp_sealed: bytes | None = None
    totp_step: int = 0
    created_at: datetime
    last_login_at: datetime | None = None
    disabled_at: datetime | None = None

    @property
    def user(self) -> User:
        return User(self.id, self.name, self.role, self.affiliate_id)

    @property
    def is_invited(self) -> bool:
        """Tell whether the user has not set a password yet."""
        return self.password_hash is None and self.id != OWNER_ID


OWNER: Final = User(OWNER_ID, "Owner", "owner")
