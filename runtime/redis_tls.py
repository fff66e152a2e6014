"""Check at start the TLS files that the Redis URL names: redis-py reads them only when it connects."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from runtime.errors import SettingsError
from runtime.setting_urls import Url, read_url

NO_CERTIFICATE: Final = "the file contains no PEM certificate"
NO_KEY: Final = "the file contains no PEM key that matches"


def check_redis_tls_files(url: str) -> None:
    """Read the files that `url` names. Raises SettingsError that names the option of a file that cannot be used.

    Shows no path: if the password holds an unencoded character, the path may be part of it.
    """
    read = read_url(url)
    if not isinstance(read, Url) or read.scheme != "rediss":
        return
    for option in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"):
        if path := read.options.get(option):
            check_readable(option, Path(path))
    load_authorities(read.options)
    if "ssl_certfile" in read.options:
        load_certificate(read.options)


def check_readable(option: str, path: Path) -> None:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise unusable_file(option, error.strerror or repr(error)) from None


def load_authorities(options: Mapping[str, str]) -> None:
    folder = options.get("ssl_ca_path")
    # OpenSSL accepts a missing folder as an empty one.
    if folder and not Path(folder).is_dir():
        raise unusable_file("ssl_ca_path", "it is not a folder")
    if file := options.get("ssl_ca_certs"):
        load_file("ssl_ca_certs", file)


def load_certificate(options: Mapping[str, str]) -> None:
    certificate, key = options["ssl_certfile"], options.get("ssl_keyfile")
    load_file("ssl_certfile", certificate)
    try:
        # Without a password argument OpenSSL prompts on the terminal and waits.
        make_context().load_cert_chain(certificate, key, password=options.get("ssl_password", ""))
    except (OSError, ValueError):
        if key is None:
            raise unusable_file("ssl_certfile", f"{NO_KEY}, and ssl_keyfile is not set") from None
        raise unusable_file("ssl_keyfile", f"{NO_KEY} ssl_certfile and ssl_password") from None


def load_file(option: str, path: str) -> None:
    try:
        make_context().load_verify_locations(cafile=path)
    except (OSError, ValueError):
        raise unusable_file(option, NO_CERTIFICATE) from None


def make_context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def unusable_file(option: str, why: str) -> SettingsError:
    return SettingsError(f"CLICKRAIL_REDIS_URL: {option} cannot be used: {why}")
