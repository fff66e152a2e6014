"""An address to listen on, and the error message when listening fails."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from runtime.errors import CannotListen, SettingsError


class Endpoint(msgspec.Struct, frozen=True):
    """A host and a port. `settings` is the prefix of their settings, such as `CLICKRAIL_SINK_PRIVATE`."""

    host: str
    port: int
    settings: str

    @contextmanager
    def explain_bind_errors(self) -> Iterator[None]:
        """Turn an OSError of a bind into CannotListen, or into SettingsError when a retry cannot help."""
        try:
            yield
        except OSError as error:
            raise self.explain_bind_error(error) from error

    def explain_bind_error(self, error: OSError) -> CannotListen | SettingsError:
        where = f"port {self.port} of {self.host}"
        match error.errno:
            case errno.EADDRINUSE:
                return CannotListen(
                    f"{self.settings}_PORT: {where} is in use: stop what listens there, or set another port"
                )
            case errno.EACCES | errno.EPERM:
                return SettingsError(f"{self.settings}_PORT: {where} needs a privilege: set a port above 1023")
        if isinstance(error, socket.gaierror):
            return SettingsError(
                f"{self.settings}_HOST: {self.host!r} is not an address of this machine: set one that is"
            )
        reason = error.strerror or str(error)
        return CannotListen(f"{self.settings}_HOST: cannot listen on {where}: {reason}")
