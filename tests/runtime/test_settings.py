"""Settings from the environment."""

from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from runtime.errors import SettingsError
from runtime.settings import DatabaseUrl, KafkaBootstrapServers, Port, Secret, load, variables


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename=variables("INGEST")):
    kafka_bootstrap_servers: KafkaBootstrapServers = ("127.0.0.1:19092",)
    database_url: DatabaseUrl | None = None
    port: Port = 8080
    mode: Annotated[str, Meta(pattern="^(a|b)$", description="a or b")] = "a"


def message(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        load(Settings, environ)
    return str(caught.value)


def test_values_come_from_the_environment_typed() -> None:
    settings = load(
        Settings, {"CLICKRAIL_INGEST_PORT": "81", "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": "a:1, b:2", "HOME": "/"}
    )

    assert settings == Settings(port=81, kafka_bootstrap_servers=("a:1", "b:2"))


def test_a_value_of_the_wrong_type_names_the_variable_and_what_it_expects() -> None:
    assert message({"CLICKRAIL_INGEST_PORT": "eighty"}) == (
        "CLICKRAIL_INGEST_PORT: Expected `int`, got `str` (port to listen on; 0 takes a free one)"
    )


def test_a_value_out_of_range_names_the_variable() -> None:
    assert message({"CLICKRAIL_INGEST_PORT": "70000"}).startswith("CLICKRAIL_INGEST_PORT: Expected `int` <= 65535")


def test_a_missing_variable_is_named_with_its_purpose() -> None:
    class Needy(msgspec.Struct, frozen=True, kw_only=True, rename=variables("SINK")):
        database_url: DatabaseUrl

    with pytest.raises(SettingsError, match=r"CLICKRAIL_DATABASE_URL.*PostgreSQL"):
        load(Needy, {})


def test_a_misspelt_name_is_refused_with_the_nearest_one() -> None:
    assert message({"CLICKRAIL_INGEST_PROT": "1"}) == (
        "CLICKRAIL_INGEST_PROT is not a setting; did you mean CLICKRAIL_INGEST_PORT?"
    )
    assert "CLICKRAIL_INGEST_PORT" in message({"CLICKRAIL_INGSET_PORT": "1"})
    assert "CLICKRAIL_DATABASE_URL" in message({"CLICKRAIL_DATABSE_URL": "x"})


def test_settings_of_other_services_may_be_present() -> None:
    assert load(Settings, {"CLICKRAIL_SINK_BATCH": "1", "CLICKRAIL_REDIS_URL": "redis://x"}) == Settings()


def test_a_secret_shows_itself_to_nobody_but_who_asks() -> None:
    settings = load(Settings, {"CLICKRAIL_DATABASE_URL": "postgresql://u:hunter2@h/d"})

    assert settings.database_url is not None
    assert settings.database_url.reveal() == "postgresql://u:hunter2@h/d"
    assert "hunter2" not in f"{settings} {settings!r} {settings.database_url}"


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://h/d\n")

    settings = load(Settings, {"CLICKRAIL_DATABASE_URL_FILE": str(tmp_path / "url")})

    assert settings.database_url == Secret("postgresql://h/d")


def test_a_file_that_is_not_there_is_named() -> None:
    assert message({"CLICKRAIL_DATABASE_URL_FILE": "/nowhere"}) == (
        "CLICKRAIL_DATABASE_URL_FILE: cannot read /nowhere: No such file or directory"
    )


def test_only_a_secret_may_stand_in_a_file() -> None:
    assert "only secrets" in message({"CLICKRAIL_INGEST_PORT_FILE": "/nowhere"})
