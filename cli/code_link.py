"""The link of a referral code."""

from urls.links import PREFIX


def write_link(public_url: str | None, code: str) -> str:
    """Write the link of a code; only its path if the public URL is not known."""
    return f"{(public_url or '').rstrip('/')}{PREFIX}{code}"
