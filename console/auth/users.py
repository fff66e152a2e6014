"""Users, their sessions, and what a user's row holds. Pure."""

import re
from datetime import datetime
from typing import Final

import msgspec

from console.auth.roles import Role

OWNER_ID: Final = "owner"
"""The user that each installation begins with; without a password of its own it has CLICKRAIL_CONSOLE_PASSWORD."""


OWNER_LOGIN: Final = "owner"
LONGEST_LOGIN: Final = 200
LOGIN: Final = re.compile(r"[^\s\0]{1,200}")
USER_ID: Final = re.compile(r"[a-z0-9]{1,40}")


class User(msgspec.Struct, frozen=True):
    """Who a session belongs to. `affiliate_id` is that of the role `affiliate`, else null."""

    id: str
    name: str
    role: Role
    affiliate_id: str | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `users`. `login` is in lower case; `totp_step` is the time step of the newest code that was used.

    `oidc_subject` is whom the provider `oidc_issuer` means by this user, from their first login with it on.
    """

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
    oidc_issuer: str | None = None
    oidc_subject: str | None = None

    @property
    def user(self) -> User:
        return User(self.id, self.name, self.role, self.affiliate_id)

    @property
    def has_password(self) -> bool:
        return self.password_hash is not None or self.id == OWNER_ID

    @property
    def is_invited(self) -> bool:
        """Tell whether the user has neither set a password nor logged in with the provider yet."""
        return not self.has_password and self.oidc_subject is None


class Session(msgspec.Struct, frozen=True):
    """One login of a user, or one request with an API key (`is_key`: `user` is then the key's id, name and role).

    `id` is the digest of the browser's token or of the key; every change of state in a browser must send `csrf` back.
    """

    id: bytes
    csrf: str
    expires_at: datetime
    user: User
    is_key: bool = False

    @property
    def role(self) -> Role:
        return self.user.role


OWNER: Final = User(OWNER_ID, "Owner", "owner")


def is_login(text: str) -> bool:
    """Tell whether a text can be a login name: in lower case, and without white space."""
    return LOGIN.fullmatch(text) is not None and text == text.lower() and text.isprintable()


def is_user_id(text: str) -> bool:
    return USER_ID.fullmatch(text) is not None and text.isascii()
