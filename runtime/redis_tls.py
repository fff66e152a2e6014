"""The files for TLS that the URL of Redis names, read when a service starts: redis-py reads them at each connection."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from runtime.errors import SettingsError
from runtime.setting_urls import Url, read_url

NO_CERTIFICATE: Final = "it holds no certificate in PEM form"
NO_KEY: Final = "it holds no key in PEM form that fits"


def check_redis_tls_files(url: str) -> None:
    """Read the files that `url` names. Raises SettingsError, naming the option of the one that cannot be used.

    No path is shown: with a character that was not percent-encoded, it may be of the password.
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
    # OpenSSL takes a folder that is not there for an empty one.
    if folder and not Path(folder).is_dir():
        raise unusable_file("ssl_ca_path", "it is not a folder")
    if file := options.get("ssl_ca_certs"):
        load_file("ssl_ca_certs", file)


def load_certificate(options: Mapping[str, str]) -> None:
    certificate, key = options["ssl_certfile"], options.get("ssl_keyfile")
    load_file("ssl_certfile", certificate)
    try:
        # Without a password at hand OpenSSL would ask for one on the terminal, and wait.
        make_context().load_cert_chain(certificate, key, password=options.get("ssl_password", ""))
    except (OSError, ValueError):
        if key is None:
            raise unusable_file("ssl_certfile", f"{NO_KEY}, and ssl_keyfile names none") from None
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
