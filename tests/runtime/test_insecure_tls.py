"""TLS in an address that takes any certificate."""

import pytest

from runtime.insecure_tls import accepts_any_certificate


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("postgresql://u:p@db/d", False),
        ("postgresql://u:p@db/d?sslmode=disable", False),
        ("postgresql://u:p@db/d?sslmode=verify-full&sslrootcert=/ca", False),
        ("postgresql://u:p@db/d?sslmode=verify-ca&sslrootcert=/ca", False),
        ("postgresql://u:p@db/d?sslmode=require&sslrootcert=/ca", False),
        ("postgresql://u:p@db/d?sslmode=require&sslrootcert=", True),
        ("postgresql://u:p@db/d?sslmode=require", True),
        ("postgres://u:p@db/d?sslmode=require", True),
        ("postgresql://u:p@db/d?application_name=x&sslmode=prefer", True),
        ("postgresql://u:p@db/d?sslmode=prefer&sslrootcert=/ca", True),
        ("postgresql://u:p@db/d?sslmode=allow", True),
        ("postgresql://u:p@db/d?sslmode=verify-full&sslmode=require", True),
        ("postgresql://sslmode=require@db/d", False),
        ("rediss://redis/0?ssl_cert_reqs=none", True),
        ("rediss://redis/0", False),
        ("redis://redis/0?ssl_cert_reqs=none", False),
        ("any password?sslmode=require", False),
    ],
)
def test_a_url_is_judged_by_what_it_asks_of_tls(url: str, answer: bool) -> None:
    assert accepts_any_certificate(url) is answer
