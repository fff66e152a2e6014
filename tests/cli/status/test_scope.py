"""What `clickrail status` looks at."""

from pathlib import Path

import pytest

from cli.status.scope import Scope, find_scope
from cli.up.environ import write_exports

EXPORTS = {"CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:19092", "CLICKRAIL_DATABASE_URL": "postgresql://h/local"}
ELSEWHERE = {"CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": "kafka-1:9092", "CLICKRAIL_DATABASE_URL": "postgresql://h/other"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "environment").write_text(write_exports(EXPORTS, ("ingest", "enricher", "sink"), Path("/programs")))
    return tmp_path


def test_the_local_stack_of_the_folder_is_looked_at_without_what_it_left_out(data: Path) -> None:
    assert find_scope({"HOME": "/"}, data) == Scope(EXPORTS, frozenset({"console", "settler"}), data)


def test_a_shell_that_took_its_settings_speaks_of_it_too(data: Path) -> None:
    assert find_scope({**EXPORTS, "HOME": "/"}, data) == Scope(EXPORTS, frozenset({"console", "settler"}), data)


def test_services_that_the_environment_describes_are_looked_at_instead(data: Path) -> None:
    assert find_scope(ELSEWHERE, data) == Scope(ELSEWHERE)


@pytest.mark.parametrize("name", ["CLICKRAIL_DATABASE_URL", "CLICKRAIL_DATABASE_URL_FILE"])
def test_a_secret_in_either_form_describes_services(data: Path, name: str) -> None:
    assert find_scope({name: "/elsewhere"}, data) == Scope({name: "/elsewhere"})


def test_where_nothing_ever_ran_it_is_the_local_stack(tmp_path: Path) -> None:
    assert find_scope({}, tmp_path).data == tmp_path
