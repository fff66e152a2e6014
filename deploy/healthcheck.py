"""The health check of a container: `python -m deploy.healthcheck [PATH]`, exit code 0 or 1.

The image requests /healthz (the process runs), compose /readyz (it can do its work), on the private port.
It runs every few seconds beside each service, so it imports the standard library only.
"""

import os
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from types import MappingProxyType
from typing import Final

PORTS: Final = MappingProxyType({"ingest": 9100, "enricher": 9120, "sink": 9130, "settler": 9150, "console": 9140})
"""The default private ports. A test compares them with the settings of the services."""

TIMEOUT_S: Final = 2.0


def private_port(environ: Mapping[str, str]) -> int:
    """Return the private port of the service in this image."""
    service = environ["SERVICE"]
    return int(environ.get(f"CLICKRAIL_{service.upper()}_PRIVATE_PORT") or PORTS[service])


def ask(port: int, path: str) -> tuple[bool, str]:
    """Return whether the status is 200, and the body."""
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
    # Docker keeps the output; `docker inspect` shows it.
    sys.stdout.write(said)
    sys.exit(not well)


if __name__ == "__main__":
    main()
