"""Verify a Clickrail click token: `python verify_token.py KEYS.json TOKEN` prints the click id, or exits with 1."""

import base64
import hashlib
import hmac
import json
import re
import sys
from pathlib import Path

TOKEN = re.compile(r"([0-7][0-9A-HJKMNP-TV-Z]{25})\.([a-z0-9]{2})([0-9A-HJKMNP-TV-Z]{16})")
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def read_keys(path: str) -> dict[str, bytes]:
    """Read what `clickrail keys export-token` printed. Keep the file secret."""
    exported = json.loads(Path(path).read_text(encoding="utf-8"))
    return {key["kid"]: base64.urlsafe_b64decode(key["key"] + "=") for key in exported["keys"]}


def verify_token(keys: dict[str, bytes], token: str) -> str | None:
    """Return the click id of a genuine token of this program; None for any other text."""
    found = TOKEN.fullmatch(token)
    if found is None or found[2] not in keys:
        return None
    click_id, kid, proof = found.groups()
    mac = hmac.new(keys[kid], f"v1.{kid}.{click_id}".encode(), hashlib.sha256).digest()
    number = int.from_bytes(mac[:10], "big")
    expected = "".join(DIGITS[number >> shift & 31] for shift in range(75, -1, -5))
    return click_id if hmac.compare_digest(expected, proof) else None


if __name__ == "__main__":
    verified = verify_token(read_keys(sys.argv[1]), sys.argv[2])
    print(verified or "not genuine")
    sys.exit(verified is None)
