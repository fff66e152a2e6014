"""The files for TLS that the URL of Redis names are read when a service starts."""

from pathlib import Path

import pytest

from runtime.errors import SettingsError
from runtime.redis_tls import check_redis_tls_files
from tests.security.certificates import make_authority, write_signed

SECRET = "open-sesame"


def find_problem(options: str) -> str | None:
    try:
        check_redis_tls_files(f"rediss://:{SECRET}@redis/0?{options}")
    except SettingsError as error:
        return str(error)
    return None


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with good files of every kind, an encrypted key, an empty file and one that is no PEM."""
    authority = make_authority("authority")
    authority.write(tmp_path / "ca.crt")
    write_signed(authority, tmp_path, "client")
    write_signed(authority, tmp_path, "locked", encryption=SECRET)
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("This is not PEM.")
    return tmp_path


@pytest.mark.parametrize(
    "options",
    [
        "",
        "ssl_ca_certs={0}/ca.crt",
        "ssl_ca_path={0}",
        "ssl_ca_certs={0}/ca.crt&ssl_certfile={0}/client.crt&ssl_keyfile={0}/client.key",
        "ssl_certfile={0}/locked.crt&ssl_keyfile={0}/locked.key&ssl_password=open-sesame",
    ],
)
def test_files_that_can_be_used_are_taken(options: str, files: Path) -> None:
    assert find_problem(options.format(files)) is None


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("ssl_ca_certs={0}/none", "ssl_ca_certs cannot be used: No such file or directory"),
        ("ssl_ca_certs={0}", "ssl_ca_certs cannot be used: Is a directory"),
        ("ssl_ca_certs={0}/empty", "ssl_ca_certs cannot be used: the file contains no PEM certificate"),
        ("ssl_ca_certs={0}/text", "ssl_ca_certs cannot be used: the file contains no PEM certificate"),
        ("ssl_ca_path={0}/none", "ssl_ca_path cannot be used: it is not a folder"),
        ("ssl_ca_path={0}/ca.crt", "ssl_ca_path cannot be used: it is not a folder"),
        ("ssl_certfile={0}/none&ssl_keyfile={0}/client.key", "ssl_certfile cannot be used: No such file or directory"),
        ("ssl_certfile={0}/client.crt&ssl_keyfile={0}/none", "ssl_keyfile cannot be used: No such file or directory"),
        (
            "ssl_certfile={0}/text&ssl_keyfile={0}/client.key",
            "ssl_certfile cannot be used: the file contains no PEM certificate",
        ),
        (
            "ssl_certfile={0}/client.crt&ssl_keyfile={0}/text",
            "ssl_keyfile cannot be used: the file contains no PEM key that matches ssl_certfile and ssl_password",
        ),
        (
            "ssl_certfile={0}/client.crt",
            "ssl_certfile cannot be used: the file contains no PEM key that matches, and ssl_keyfile is not set",
        ),
        (
            "ssl_certfile={0}/client.crt&ssl_keyfile={0}/locked.key&ssl_password=open-sesame",
            "ssl_keyfile cannot be used: the file contains no PEM key that matches ssl_certfile and ssl_password",
        ),
        (
            "ssl_certfile={0}/locked.crt&ssl_keyfile={0}/locked.key",
            "ssl_keyfile cannot be used: the file contains no PEM key that matches ssl_certfile and ssl_password",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_a_wrong_setting_and_named(options: str, problem: str, files: Path) -> None:
    assert find_problem(options.format(files)) == f"CLICKRAIL_REDIS_URL: {problem}"


def test_without_tls_no_file_is_looked_for() -> None:
    check_redis_tls_files("redis://redis/0")
    check_redis_tls_files("unix:///run/redis.sock")
