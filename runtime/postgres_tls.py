"""The TLS files that the database's URL names, read before the first connection."""

import os
import ssl
from collections.abc import Mapping
from typing import Final

from runtime.errors import SettingsError
from runtime.setting_urls import Url, read_url

DEFAULT_ROOT: Final = "~/.postgresql/root.crt"


def check_tls_files(url: str) -> None:
    """Read the TLS files that a URL names. Raises SettingsError when one cannot be used."""
    read = read_url(url)
    if not isinstance(read, Url) or read.options.get("sslmode", "disable") == "disable":
        return
    try:
        load_tls_files(read.options)
    except OSError as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise SettingsError(f"CLICKRAIL_DATABASE_URL: a TLS file cannot be used: {reason}") from None


def load_tls_files(options: Mapping[str, str]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    root = options.get("sslrootcert") or os.environ.get("PGSSLROOTCERT") or os.path.expanduser(DEFAULT_ROOT)  # noqa: PTH111 - pathlib raises without a home folder
    context.load_verify_locations(cafile=root)
    if crl := options.get("sslcrl"):
        context.load_verify_locations(cafile=crl)
    if certificate := options.get("sslcert"):
        context.load_cert_chain(certificate, options.get("sslkey"), password=lambda: options.get("sslpassword", ""))
