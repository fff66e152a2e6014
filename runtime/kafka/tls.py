"""A TLS context whose files may be replaced while the service runs: the next connection uses the new ones.

aiokafka is given one context and keeps it, so this one makes another behind its back. Connections that are open stay as
they are; Kafka ends them in time, and brokers that are restarted for a new certificate end them anyway.
"""

import ssl
from collections.abc import Callable, Sequence
from typing import Any, Self

import structlog

from runtime.errors import SettingsError
from runtime.file_version import read_version

LOG = structlog.get_logger()


class FollowingContext(ssl.SSLContext):
    """Follows `files`. `current` is what the next connection uses: the last one that `make` could make of them."""

    current: ssl.SSLContext

    def __new__(cls, *_: object) -> Self:
        # The class it extends takes a protocol here.
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, make: Callable[[], ssl.SSLContext], files: Sequence[str]) -> None:
        self._make, self._files = make, files
        self._versions = [read_version(file) for file in files]
        self.current = make()

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """Begin a connection, as asyncio and uvloop do, with the files as they are now."""
        versions = [read_version(file) for file in self._files]
        if versions != self._versions:
            self._versions = versions
            self._read_again()
        return self.current.wrap_bio(*arguments, **options)

    def _read_again(self) -> None:
        try:
            self.current = self._make()
        except SettingsError as error:
            LOG.error("new TLS files cannot be used, the previous ones are", problem=str(error))  # noqa: TRY400 - the sentence says it all
        else:
            LOG.info("new TLS files are used", files=list(self._files))
