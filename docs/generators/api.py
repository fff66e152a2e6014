"""The OpenAPI description of the console's JSON API."""

import json

from console.api.routes import DESCRIPTION


def write_openapi() -> str:
    return json.dumps(DESCRIPTION, indent=2, ensure_ascii=False) + "\n"
