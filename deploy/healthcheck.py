"""Whether the service of a container is well: `python -m deploy.healthcheck [PATH]`, exit code 0 or 1.

The image asks /healthz (the process lives), compose /readyz (it can do its work), on the private port, over loopback.
Runs every few seconds beside each service: the standard library is all it loads.
"""

import os
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from types import MappingProxyType
from typing import Final

PORTS: Final = MappingProxyType({"ingest": 9100, "enricher": 9120, "sink": 9130, "console": 9140})
"""The private ports where nothing else is set. The services' own settings say the same, and a test holds them so."""

TIMEOUT_S: Final = 2.0


def private_port(environ: Mapping[str, str]) -> int:
    """Give the private port of the service that the image was built for."""
    service = environ["SERVICE"]
    return int(environ.get(f"CLICKRAIL_{service.upper()}_PRIVATE_PORT") or PORTS[service])


def ask(port: int, path: str) -> tuple[bool, str]:
    """Tell whether the answer is 200, and what it says."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status == 200, answer.read().decode()  # noqa: PLR2004 - the status itself
    except (OSError, HTTPException) as error:
        return False, repr(error)
    finally:
        connection.close()


def main() -> None:
    well, said = ask(private_port(os.environ), sys.argv[1] if len(sys.argv) > 1 else "/healthz")
    # The engine keeps it, for whoever inspects a container that is not well.
    sys.stdout.write(said)
    sys.exit(not well)


if __name__ == "__main__":
    main()
