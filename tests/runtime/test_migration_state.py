"""What is left to apply, by what the database has recorded."""

from pathlib import Path

import pytest

from runtime.migration_files import Migration, MigrationError, MigrationSet, read_migrations
from runtime.migration_state import MigrationState, find_pending
from tests.runtime.fruit import fruit, migration


def test_a_changed_file_that_was_applied_is_named() -> None:
    recorded = {("fruit", 1): migration(1, "CREATE TABLE apples ()").sha256}
    with pytest.raises(MigrationError, match=r"fruit/migrations/0001_step_1\.sql has changed since it was applied"):
        find_pending([fruit("CREATE TABLE pears ()")], MigrationState(recorded))


def test_a_database_ahead_of_the_files_is_refused() -> None:
    with pytest.raises(MigrationError, match="has fruit migration 0002, which this version does not know"):
        find_pending([fruit("CREATE TABLE apples ()")], MigrationState({("fruit", 2): "0" * 64}))


def test_migrations_of_packages_not_asked_for_are_left_alone() -> None:
    assert find_pending([], MigrationState({("fruit", 1): "0" * 64})) == []


def test_a_package_may_be_recorded_under_the_name_it_had_at_first(tmp_path: Path) -> None:
    (tmp_path / "0001_apples.sql").write_text("CREATE TABLE apples ()")
    (tmp_path / "recorded_as").write_text("berry\n")
    renamed = read_migrations("fruit", tmp_path)

    assert renamed == MigrationSet(
        "fruit", "berry", (Migration("fruit", 1, "apples", "CREATE TABLE apples ()", "berry"),)
    )
    assert find_pending([renamed], MigrationState({("berry", 1): renamed.migrations[0].sha256})) == []
    assert find_pending([renamed], MigrationState({("fruit", 1): renamed.migrations[0].sha256})) == list(
        renamed.migrations
    )
