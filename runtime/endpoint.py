"""An address to listen on, and what is said when it cannot be had."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from runtime.errors import CannotListen, SettingsError


class Endpoint(msgspec.Struct, frozen=True):
    """A host and a port, and what their settings begin with: `CLICKRAIL_SINK_PRIVATE`, then `_HOST` and `_PORT`."""

    host: str
    port: int
    settings: str

    @contextmanager
    def explain_bind_errors(self) -> Iterator[None]:
        """Turn an OSError of a bind into a sentence: CannotListen, or SettingsError where trying again cannot help."""
        try:
            yield
        except OSError as error:
            raise self.explain_bind_error(error) from error

    def explain_bind_error(self, error: OSError) -> CannotListen | SettingsError:
        where = f"port {self.port} of {self.host}"
        match error.errno:
            case errno.EADDRINUSE:
                return CannotListen(f"{self.settings}_PORT: {where} is taken: stop what listens there, or set another")
            case errno.EACCES | errno.EPERM:
                return SettingsError(f"{self.settings}_PORT: {where} needs a privilege: set another")
        if isinstance(error, socket.gaierror):
            return SettingsError(f"{self.settings}_HOST: there is no address {self.host!r}: set one of this machine's")
        reason = error.strerror or str(error)
        return CannotListen(f"{self.settings}_HOST: cannot listen at {where}: {reason}")
