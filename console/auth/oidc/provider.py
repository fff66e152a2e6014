"""The provider: what it says of itself and its keys, both kept for an hour, and codes for tokens."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from time import monotonic
from typing import Any, Final, Generic, Protocol, TypeVar

import aiohttp
import msgspec
import structlog

from console.auth.oidc.answers import Answer, ProviderAway, ask, open_http
from console.auth.oidc.claims import TokenProblem
from console.auth.oidc.metadata import Metadata, make_address, read_metadata
from console.auth.oidc.settings import OidcSettings
from console.auth.oidc.tokens import CodeRefused, Tokens, make_token_request, read_tokens
from runtime.errors import SettingsError

T = TypeVar("T")

log = structlog.get_logger()

FRESH_S: Final = 3600.0
RETRY_S: Final = 5.0
KEYS_AGAIN_S: Final = 30.0
"""Tokens that no key has signed have the keys fetched so often, and no more."""


class Keys(Protocol):
    """The provider's keys."""

    def verify(self, token: str) -> Mapping[str, Any] | TokenProblem: ...


class TokenReader(Protocol):
    """`console.auth.oidc.id_tokens`, which needs the packages of the extra."""

    def read_keys(self, document: Mapping[str, Any]) -> Keys: ...


class Kept(msgspec.Struct, Generic[T], frozen=True):
    """Something the provider said, and when, by the monotonic clock."""

    value: T
    at: float


class Provider:
    """One provider. `problem` says why it cannot be used now, and goes on from its name; null: nothing is known."""

    def __init__(
        self, settings: OidcSettings, http: aiohttp.ClientSession, reader: TokenReader, clock: Callable[[], float]
    ) -> None:
        self.settings = settings
        self.problem: str | None = None
        self._http = http
        self._reader = reader
        self._clock = clock
        self._metadata: Kept[Metadata] | None = None
        self._keys: Kept[Keys] | None = None
        self._failed_at = -RETRY_S
        self._one_at_a_time = asyncio.Lock()

    async def watch(self) -> None:
        """Ask the provider who it is, at the start and each hour, until cancelled: so wrong settings show early."""
        while True:
            with suppress(ProviderAway):
                await self.describe()
            await asyncio.sleep(RETRY_S)

    async def describe(self) -> Metadata:
        """Return what the provider says of itself. Raises ProviderAway, at once if it was so a moment ago."""
        async with self._one_at_a_time:
            now, kept = self._clock(), self._metadata
            if self.problem is None and kept is not None and now - kept.at < FRESH_S:
                return kept.value
            if self.problem is not None and now - self._failed_at < RETRY_S:
                raise ProviderAway(self.problem)
            with self._noting_problems():
                answer = await ask(self._http, "GET", make_address(self.settings.issuer))
                metadata = read_metadata(expect_success(answer), self.settings.issuer)
            self._metadata = Kept(metadata, self._clock())
            return metadata

    async def redeem(self, code: str, verifier: str) -> Tokens | CodeRefused:
        """Change a code for tokens. Raises ProviderAway."""
        metadata = await self.describe()
        with self._noting_problems():
            options = make_token_request(self.settings, metadata, code, verifier)
            return read_tokens(await ask(self._http, "POST", metadata.token_endpoint, **options))

    async def verify(self, token: str) -> Mapping[str, Any] | TokenProblem:
        """Return the claims of a token, if the provider signed it. Raises ProviderAway.

        If no key fits, the provider may have new ones, and they are fetched again: at most once in KEYS_AGAIN_S.
        """
        claims = (await self._find_keys(FRESH_S)).verify(token)
        if isinstance(claims, TokenProblem) and claims.wrong in ("key", "signature"):
            claims = (await self._find_keys(KEYS_AGAIN_S)).verify(token)
        return claims

    async def ask_userinfo(self, access_token: str) -> Mapping[str, Any]:
        """Return what the provider knows of a token's owner; nothing if it has no place for it. Raises ProviderAway."""
        metadata = await self.describe()
        if metadata.userinfo_endpoint is None:
            return {}
        headers = {"Authorization": f"Bearer {access_token}"}
        with self._noting_problems():
            answer = await ask(self._http, "GET", metadata.userinfo_endpoint, headers=headers)
        return {} if answer.is_refusal else answer.fields

    async def _find_keys(self, fresh_s: float) -> Keys:
        metadata = await self.describe()
        async with self._one_at_a_time:
            if self._keys is not None and self._clock() - self._keys.at < fresh_s:
                return self._keys.value
            with self._noting_problems():
                keys = self._reader.read_keys(expect_success(await ask(self._http, "GET", metadata.jwks_uri)))
            self._keys = Kept(keys, self._clock())
            return keys

    @contextmanager
    def _noting_problems(self) -> Iterator[None]:
        """Keep what is wrong for the login page, and tell the log once."""
        try:
            yield
        except ProviderAway as error:
            self._failed_at = self._clock()
            if self.problem != str(error):
                log.warning("the OpenID Connect provider cannot be used", issuer=self.settings.issuer, error=str(error))
            self.problem = str(error)
            raise
        self.problem = None


def expect_success(answer: Answer) -> Mapping[str, Any]:
    if answer.is_refusal:
        raise ProviderAway(f"answers with status {answer.status}")
    return answer.fields


@asynccontextmanager
async def open_provider(settings: OidcSettings | None) -> AsyncIterator[Provider | None]:
    """Open the way to the provider, or nothing where none is set. Waits for no answer.

    Raises SettingsError where the packages are missing.
    """
    if settings is None:
        yield None
        return
    reader = load_reader()
    async with open_http() as http:
        yield Provider(settings, http, reader, monotonic)


def load_reader() -> TokenReader:
    try:
        reader: Any = importlib.import_module("console.auth.oidc.id_tokens")
    except ModuleNotFoundError as error:
        name = f"CLICKRAIL_CONSOLE_OIDC_ISSUER: {error.name} is missing: install clickrail[oidc]"
        raise SettingsError(name) from None
    found: TokenReader = reader
    return found
