"""The TLS files that the database's URL names."""

from pathlib import Path

import pytest

from runtime.errors import SettingsError
from runtime.postgres_tls import check_tls_files


@pytest.mark.parametrize("option", ["sslrootcert", "sslcrl", "sslcert"])
def test_a_file_for_tls_that_cannot_be_used_is_a_setting(option: str, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for path in ("/nowhere/secret", tmp_path / "empty"):
        with pytest.raises(SettingsError, match="a TLS file cannot be used") as caught:
            check_tls_files(f"postgresql://u:secret@db/d?sslmode=verify-full&{option}={path}")
        assert "secret" not in str(caught.value)


def test_without_tls_no_file_is_looked_for() -> None:
    check_tls_files("postgresql://db/d")
    check_tls_files("postgresql://db/d?sslmode=disable&sslrootcert=/nowhere")
