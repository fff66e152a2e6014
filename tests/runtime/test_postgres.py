"""Connecting to PostgreSQL: every failure is an outage, or a setting that never works."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.local.ports import free_port
from runtime.errors import SettingsError, Stuck
from runtime.postgres import PostgresAway, Session, check_tls_files, connected, is_pooled

SESSION = Session(application="test", connect_s=10, statement_s=10, server_s=7, read_only=True)


@pytest.mark.servers
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"port": "{free_port}"}, "nobody listens at the address of the URL"),
        ({"host": "nowhere.invalid"}, "the host of the URL is not known"),
        ({"password": "wrong"}, "password authentication failed"),
        ({"database": "wrong"}, 'database "wrong" does not exist'),
    ],
    ids=["nobody listens", "unknown host", "password", "database"],
)
async def test_who_cannot_be_reached_is_away(change: dict[str, str], words: str, postgres: str) -> None:
    with pytest.raises(PostgresAway, match=words) as caught:
        async with connected(changed(postgres, **change), SESSION):
            pass
    assert str(urlsplit(postgres).password) not in str(caught.value)


@pytest.mark.servers
async def test_an_option_that_the_server_does_not_know_never_works(postgres: str) -> None:
    with pytest.raises(Stuck, match='unrecognized configuration parameter "nonsense"'):
        async with connected(changed(postgres, options="?nonsense=1"), SESSION):
            pass


async def test_what_only_the_library_refuses_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGTARGETSESSIONATTRS", "secret")
    with pytest.raises(SettingsError, match="a PG\\* variable") as caught:
        async with connected(f"postgresql://u@127.0.0.1:{free_port()}/d", SESSION):
            pass
    assert "secret" not in str(caught.value)


@pytest.mark.servers
async def test_a_direct_connection_has_its_session_and_keeps_it(postgres: str) -> None:
    async with connected(postgres, SESSION) as connection:
        assert not is_pooled(connection)
        assert await connection.fetchval("SHOW statement_timeout") == "7s"
        assert await connection.fetchval("SHOW default_transaction_read_only") == "on"
        assert await connection.fetchval("SHOW application_name") == "test"


@pytest.mark.parametrize("option", ["sslrootcert", "sslcrl", "sslcert"])
def test_a_file_for_tls_that_cannot_be_used_is_a_setting(option: str, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for path in ("/nowhere/secret", tmp_path / "empty"):
        with pytest.raises(SettingsError, match="a file for TLS cannot be used") as caught:
            check_tls_files(f"postgresql://u:secret@db/d?sslmode=verify-full&{option}={path}")
        assert "secret" not in str(caught.value)


def test_without_tls_no_file_is_looked_for() -> None:
    check_tls_files("postgresql://db/d")
    check_tls_files("postgresql://db/d?sslmode=disable&sslrootcert=/nowhere")


def changed(url: str, **change: str) -> str:
    """Give the URL with another port, host, password, database or options."""
    parts = urlsplit(url)
    given = {
        "user": parts.username,
        "password": parts.password,
        "host": parts.hostname,
        "port": parts.port,
        "database": parts.path[1:],
        "options": "",
    } | {name: value.format(free_port=free_port()) for name, value in change.items()}
    return "postgresql://{user}:{password}@{host}:{port}/{database}{options}".format(**given)
