"""What an error of PostgreSQL means, for all of the project."""

import socket
import ssl

import asyncpg
import pytest

from runtime.postgres_errors import classify_error, explain_error, is_missing_partition


def server_error(state: str, message: str = "no", **fields: str) -> asyncpg.PostgresError:
    """Give the error that asyncpg makes of what the server says."""
    return asyncpg.PostgresError.new({"S": "ERROR", "V": "ERROR", "C": state, "M": message, **fields})


class CertificateError(ssl.SSLCertVerificationError):
    """As Python raises it: an OSError and a ValueError."""

    verify_message = "unable to get local issuer certificate"


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (CertificateError(), "away"),
        (ssl.SSLError(1, "x"), "away"),
        (ConnectionRefusedError(111, "x"), "away"),
        (socket.gaierror(-2, "x"), "away"),
        (TimeoutError(), "away"),
        (asyncpg.InterfaceError("connection is closed"), "away"),
        (asyncpg.InternalClientError("x"), "away"),
        (server_error("08006"), "away"),
        (server_error("28P01", "password authentication failed"), "away"),
        (server_error("3D000", "no such database"), "away"),
        (server_error("40P01"), "away"),
        (server_error("53100", "disk full"), "away"),
        (server_error("53300", "too many connections"), "away"),
        (server_error("57014", "statement timeout"), "away"),
        (server_error("57P01", "terminated by an operator"), "away"),
        (server_error("58030", "input or output failed"), "away"),
        (server_error("25006", "read-only"), "away"),
        (server_error("55P03", "lock timeout"), "away"),
        (server_error("08P01", "query_wait_timeout"), "away"),
        (server_error("23514", "no partition of relation", t="clicks"), "away"),
        (server_error("08P01", "unsupported startup parameter: search_path"), "stuck"),
        (server_error("42P01", "no table"), "stuck"),
        (server_error("42501", "permission denied"), "stuck"),
        (server_error("26000", "no prepared statement"), "stuck"),
        (server_error("XX000"), "stuck"),
        (asyncpg.ClientConfigurationError("x"), "stuck"),
        (server_error("22021", "NUL"), "value"),
        (server_error("22003", "out of range"), "value"),
        (server_error("23502", "null"), "value"),
        (server_error("23514", "violates check", n="clicks_short"), "value"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "x"), "value"),
        (OverflowError("x"), "value"),
        (TypeError("x"), "value"),
        (ValueError("x"), "value"),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "sqlstate", None) or type(value).__name__,
)
def test_an_outage_a_bad_value_and_what_never_works_are_told_apart(error: Exception, fault: str) -> None:
    assert classify_error(error) == fault


def test_a_missing_partition_is_no_constraint_that_was_violated() -> None:
    assert is_missing_partition(server_error("23514", t="clicks"))
    assert not is_missing_partition(server_error("23514", t="clicks", n="clicks_short"))
    assert not is_missing_partition(server_error("23502"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CertificateError(), "its certificate does not verify: unable to get local issuer certificate"),
        (ConnectionRefusedError(111, "x"), "nothing listens at the address in the URL"),
        (socket.gaierror(-2, "x"), "the host name in the URL cannot be resolved"),
        (TimeoutError(), "no answer in time"),
        (server_error("28P01", 'refused for "u"'), 'refused for "u"'),
        (
            server_error("23514", "violates check", D="Failing row contains (secret)", n="c"),
            "it refuses a value (SQLSTATE 23514)",
        ),
        (server_error("22P02", 'invalid input: "secret"'), "it refuses a value (SQLSTATE 22P02)"),
        (OSError("several"), "several"),
        (asyncpg.InterfaceError("closed"), "closed"),
    ],
)
def test_people_are_told_in_a_few_words_without_values(error: Exception, words: str) -> None:
    assert explain_error(error) == words
