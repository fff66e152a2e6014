"""Settings from the environment."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from runtime.errors import SettingsError
from runtime.secret import Secret
from runtime.settings import load, show_settings, variables
from runtime.shared_settings import DatabaseUrl, KafkaBootstrapServers, Port


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename=variables("INGEST")):
    kafka_bootstrap_servers: KafkaBootstrapServers = ("127.0.0.1:19092",)
    database_url: DatabaseUrl | None = None
    port: Port = 8080
    mode: Annotated[Literal["quick", "Slow"], Meta(description="how")] = "quick"


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
        "CLICKRAIL_INGEST_PORT: must be a whole number from 0 to 65535, for example 8080"
        " (port to listen on; 0 chooses a free one)"
    )


def test_a_value_out_of_range_names_the_variable() -> None:
    assert message({"CLICKRAIL_INGEST_PORT": "70000"}).startswith(
        "CLICKRAIL_INGEST_PORT: must be a whole number from 0"
    )


def test_a_missing_variable_is_named_with_its_purpose() -> None:
    class Needy(msgspec.Struct, frozen=True, kw_only=True, rename=variables("SINK")):
        database_url: DatabaseUrl

    with pytest.raises(SettingsError) as missing:
        load(Needy, {})
    assert str(missing.value) == (
        "CLICKRAIL_DATABASE_URL: is not set: it must be a secret,"
        " for example postgresql://user:password@host:5432/database (PostgreSQL)"
    )


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


@pytest.mark.parametrize(("content", "wrong"), [(b"\xff\xfe", "is not a UTF-8 text file"), (b" \n", "is empty")])
def test_a_file_without_a_secret_in_it_is_named(tmp_path: Path, content: bytes, wrong: str) -> None:
    (tmp_path / "url").write_bytes(content)

    assert message({"CLICKRAIL_DATABASE_URL_FILE": str(tmp_path / "url")}) == (
        f"CLICKRAIL_DATABASE_URL_FILE: {tmp_path}/url {wrong}"
    )


@pytest.mark.parametrize("order", [1, -1])
def test_a_secret_that_is_given_twice_is_refused(tmp_path: Path, order: int) -> None:
    (tmp_path / "url").write_text("postgresql://u:hunter2@h/d")
    given = {"CLICKRAIL_DATABASE_URL": "postgresql://h/d", "CLICKRAIL_DATABASE_URL_FILE": str(tmp_path / "url")}

    assert message(dict(list(given.items())[::order])) == (
        "CLICKRAIL_DATABASE_URL: CLICKRAIL_DATABASE_URL and CLICKRAIL_DATABASE_URL_FILE are both set: keep one"
    )


@pytest.mark.parametrize(("text", "mode"), [("QUICK", "quick"), ("slow", "Slow"), ("Slow", "Slow")])
def test_a_choice_may_be_written_in_any_case(text: str, mode: str) -> None:
    assert load(Settings, {"CLICKRAIL_INGEST_MODE": text}).mode == mode


def test_another_word_than_the_choices_is_refused_with_them() -> None:
    assert message({"CLICKRAIL_INGEST_MODE": "fast"}) == "CLICKRAIL_INGEST_MODE: must be `quick` or `Slow` (how)"


def test_what_is_shown_of_settings_has_the_names_of_the_variables_and_no_secret() -> None:
    settings = load(Settings, {"CLICKRAIL_DATABASE_URL": "postgresql://u:hunter2@h/d"})

    assert show_settings(settings) == {
        "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": ("127.0.0.1:19092",),
        "CLICKRAIL_DATABASE_URL": "***",
        "CLICKRAIL_INGEST_PORT": 8080,
        "CLICKRAIL_INGEST_MODE": "quick",
    }


def test_a_file_that_is_not_there_is_named() -> None:
    assert message({"CLICKRAIL_DATABASE_URL_FILE": "/nowhere"}) == (
        "CLICKRAIL_DATABASE_URL_FILE: cannot read /nowhere: No such file or directory"
    )


def test_only_a_secret_may_stand_in_a_file() -> None:
    assert "only secrets" in message({"CLICKRAIL_INGEST_PORT_FILE": "/nowhere"})
