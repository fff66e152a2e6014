"""Static files, read once and named by a hash of their content, so that browsers may cache them for ever.

Those of other projects are in `vendor/`, with their licences.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

FOLDER: Final = Path(__file__).parent / "static"
TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
DIGITS: Final = 10


class Asset(msgspec.Struct, frozen=True):
    body: bytes
    content_type: str


class Assets(msgspec.Struct, frozen=True):
    """`urls` maps `console.css` to its hashed URL; `by_name` maps the hashed name to the file."""

    urls: Mapping[str, str]
    by_name: Mapping[str, Asset]


def load_assets(folder: Path = FOLDER) -> Assets:
    urls, by_name = {}, {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in TYPES:
            body = path.read_bytes()
            name = f"{path.stem}.{hashlib.sha256(body).hexdigest()[:DIGITS]}{path.suffix}"
            urls[path.name] = f"/static/{name}"
            by_name[name] = Asset(body, TYPES[path.suffix])
    return Assets(urls, by_name)
