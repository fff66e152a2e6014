"""The files of migrations: their names, what their first line says, and where their statements end."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.migration_files import (
    Directives,
    Migration,
    MigrationError,
    MigrationSet,
    read_directives,
    read_migrations,
    split_statements,
)
from tests.examples import examples

STATEMENTS = [
    "SELECT 1",
    "SELECT ';', E'a\\';b', 'it''s;'",
    'SELECT 1 AS "a;""b"',
    "DO $$ BEGIN PERFORM 1; END $$",
    "DO $body$ SELECT '$$;'; $body$",
    "SELECT /* ; */ 1 -- ; and more\n + 1",
]


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("SELECT 1", Directives()),
        ("-- what it is for", Directives()),
        ("-- migrate: no transaction", Directives(in_transaction=False)),
        ("-- migrate: only timescaledb", Directives(only="timescaledb")),
        ("-- migrate: only postgresql", Directives(only="postgresql")),
        ("-- migrate: no transaction, only timescaledb", Directives(in_transaction=False, only="timescaledb")),
    ],
)
def test_the_first_line_says_how_a_file_is_applied(first: str, expected: Directives) -> None:
    assert read_directives("fruit/1", f"{first}\nSELECT 1;\n") == expected


def test_an_unknown_directive_is_refused_when_the_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "0001_apples.sql").write_text("-- migrate: without transaction\nSELECT 1")
    with pytest.raises(MigrationError, match=r"0001_apples\.sql: after -- migrate: write no transaction, .*'without"):
        read_migrations("fruit", tmp_path)


@examples(200)
@given(st.lists(st.sampled_from(STATEMENTS), max_size=5), st.sampled_from([";", ";\n\n", ";;", "; -- so; far\n"]))
def test_statements_end_at_semicolons_outside_texts_names_and_comments(statements: list[str], between: str) -> None:
    found = split_statements(between.join(statements))

    assert [one.removeprefix("-- so; far\n") for one in found] == statements


def test_comments_alone_are_no_statement() -> None:
    assert split_statements("-- migrate: no transaction\n/* nothing; */\n;") == []


def test_files_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "0002_pears.sql").write_text("CREATE TABLE pears ()")
    (tmp_path / "0001_apples.sql").write_text("CREATE TABLE apples ()")
    (tmp_path / "README.md").write_text("not a migration")
    expected = MigrationSet(
        "fruit",
        "fruit",
        (
            Migration("fruit", 1, "apples", "CREATE TABLE apples ()", "fruit"),
            Migration("fruit", 2, "pears", "CREATE TABLE pears ()", "fruit"),
        ),
    )
    assert expected == read_migrations("fruit", tmp_path)


@pytest.mark.parametrize("name", ["1_apples.sql", "0001-apples.sql", "apples.sql", "0001_Apples.sql"])
def test_a_file_of_another_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(MigrationError, match=rf"fruit/migrations/{name}: a migration is named NNNN_title\.sql"):
        read_migrations("fruit", tmp_path)


def test_a_number_left_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_apples.sql").touch()
    (tmp_path / "0003_pears.sql").touch()
    with pytest.raises(MigrationError, match=r"fruit/migrations/0003_pears\.sql: number 0002 is expected here"):
        read_migrations("fruit", tmp_path)


def test_a_number_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_apples.sql").touch()
    (tmp_path / "0001_pears.sql").touch()
    with pytest.raises(MigrationError, match="number 0002 is expected here"):
        read_migrations("fruit", tmp_path)
