"""What is said when an address cannot be listened on."""

import errno
import os
import socket

import pytest

from runtime.endpoint import Endpoint
from runtime.errors import CannotListen, SettingsError

AT = Endpoint("10.9.8.7", 80, "CLICKRAIL_SINK_PRIVATE")


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (
            OSError(errno.EADDRINUSE, "error while attempting to bind on address ('10.9.8.7', 80)"),
            CannotListen,
            "CLICKRAIL_SINK_PRIVATE_PORT: port 80 of 10.9.8.7 is in use: stop what listens there, or set another port",
        ),
        (
            PermissionError(errno.EACCES, os.strerror(errno.EACCES)),
            SettingsError,
            "CLICKRAIL_SINK_PRIVATE_PORT: port 80 of 10.9.8.7 needs a privilege: set a port above 1023",
        ),
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            SettingsError,
            "CLICKRAIL_SINK_PRIVATE_HOST: '10.9.8.7' is not an address of this machine: set one that is",
        ),
        (
            OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"),
            CannotListen,
            "CLICKRAIL_SINK_PRIVATE_HOST: cannot listen on port 80 of 10.9.8.7: Cannot assign requested address",
        ),
    ],
)
def test_a_bind_that_fails_is_a_sentence_that_names_the_setting(
    error: OSError, kind: type[Exception], sentence: str
) -> None:
    with pytest.raises(kind) as said, AT.explain_bind_errors():
        raise error
    assert str(said.value) == sentence
