"""The URLs of PostgreSQL and Redis: read by us before a library, whose message would quote them."""

from urllib.parse import quote

import pytest
import redis.asyncio.connection
from asyncpg import connect_utils
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.server_urls import find_postgres_problem, find_redis_problem
from tests.examples import examples

PASSWORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
"""As somebody types them who does not know that a URL has rules."""


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://clickrail:secret@postgres:5432/clickrail",
        "postgres://clickrail@10.0.0.7/clickrail",
        "postgresql://u:p%40ss%2Fw%23rd@db.example.com:6432/clicks?sslmode=verify-full&sslrootcert=/etc/ca.crt",
        "postgresql://u:a:b@db/d",
        "postgresql://u@[2001:db8::7]:5432/d",
        "postgresql://u@one:5432,two:5433/d?target_session_attrs=read-write",
        "postgresql://u@%2Frun%2Fpostgresql/d",
        "postgresql:///d?host=/run/postgresql&port=5433",
        "postgresql://db/d?options=-csearch_path%3Dtest_7&application_name=x",
        "postgresql://under_score.internal./d",
        "postgresql://db/d?options=endpoint%3Dquiet-timeout-7&jit=off&work_mem=64MB",
        "postgresql://db/d?options=-c%20search_path%3Dstatement_timeout",
        "postgresql:///",
    ],
)
def test_a_url_by_which_postgresql_can_be_reached_is_taken(url: str) -> None:
    assert find_postgres_problem(url) is None
    assert parsed_by_asyncpg(url) is not None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "not a URL"),
        ("clickrail", "not a URL"),
        ("mysql://u:p@db/d", "it does not begin with postgresql://"),
        ("postgresql+asyncpg://u:p@db/d", "it does not begin with postgresql://"),
        ("postgresql://u:p@db:five/d", "the port is not a number"),
        ("postgresql://u:p@db:0/d", "the port is not a number"),
        ("postgresql://u:p@db:65536/d", "the port is not a number"),
        ("postgresql://u:p@db:5_432/d", "the port is not a number"),
        ("postgresql://u:p@db/d?port=x", "the port is not a number"),
        ("postgresql://u:p@a,b/d?port=1,2,3", "the numbers of ports and hosts differ"),
        ("postgresql://u:p@db:1/d?port=2", "the port is given twice"),
        ("postgresql://u:p@300.1.1.1/d", "the host is not a name or an address"),
        ("postgresql://u:p@a..b/d", "the host is not a name or an address"),
        (f"postgresql://u:p@{'a' * 64}/d", "the host is not a name or an address"),
        ("postgresql://u:p@/d", None),
        ("postgresql://u:p@one,,two/d", "the host is not a name or an address"),
        ("postgresql://u:p@[::1/d", "the host is not a name or an address"),
        ("postgresql://u:p@::1/d", "the host is not a name or an address"),
        ("postgresql://u:p@one,[::1]/d", "an IPv6 address must be the only host"),
        ("postgresql://u:p@d b/d", "it contains a character"),
        ("postgresql://u:p@db/d\n", "it contains a character"),
        ("postgresql://u:pä@db/d", "it contains a character"),
        ("postgresql://u:p#w@db/d", "it contains a character"),
        ("postgresql://u:1/w@db/d", "it contains a character"),
        ("postgresql://u:1?w=1@db/d", "it contains a character"),
        ("postgresql://u:p@w@db/d", "it contains a character"),
        ("postgresql://u:p[w@db/d", "it contains a character"),
        ("postgresql://u:50%off@db/d", "a % is not followed"),
        ("postgresql://u:%ff@db/d", "its percent-encoded bytes are not UTF-8"),
        ("postgresql://u:%00@db/d", "it contains %00"),
        ("postgresql://db/d/e", "the name of the database contains a /"),
        ("postgresql://db/d?sslmode", "after the ? it needs options"),
        ("postgresql://db/d?sslmode=none", "sslmode must be one of disable, allow"),
        ("postgresql://db/d?sslmode=disable&sslmode=verify-full", "an option is given twice"),
        ("postgresql://db/d?connect_timeout=3", "the option connect_timeout works in libpq only"),
        ("postgresql://db/d?target_session_attrs=master", "target_session_attrs must be one of any"),
        ("postgresql://db/d?statement_timeout=1s", "Clickrail sets statement_timeout itself: remove it"),
        ("postgresql://db/d?Statement_Timeout=1s", "Clickrail sets statement_timeout itself"),
        ("postgresql://db/d?synchronous_commit=off", "Clickrail sets synchronous_commit itself"),
        ("postgresql://db/d?command_timeout=60", "Clickrail sets command_timeout itself"),
        ("postgresql://db/d?options=-c%20statement_timeout%3D0", "Clickrail sets statement_timeout itself"),
        ("postgresql://db/d?options=-csearch_path%3Dx+-cLOCK_TIMEOUT%3D0", "Clickrail sets lock_timeout itself"),
        ("postgresql://db/d?options=--default-transaction-read-only%3Don", "Clickrail sets default_transaction"),
        ("postgresql://u:p@db/d?sslmode=require", "TLS that accepts any certificate"),
    ],
)
def test_a_url_that_can_never_work_is_told_by_its_reason(url: str, reason: str | None) -> None:
    problem = find_postgres_problem(url)

    assert (problem is None) is (reason is None)
    assert reason is None or (problem or "").startswith(reason)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://redis:6379/0", None),
        ("rediss://user:p%40ss@redis.example:6380/1?ssl_ca_certs=/etc/ca.crt", None),
        ("redis://:secret@10.0.0.7", None),
        ("redis://redis?db=2&health_check_interval=1", None),
        ("redis://redis?db=2&socket_timeout=1", "Clickrail sets socket_timeout itself"),
        ("unix:///run/redis.sock?socket_connect_timeout=9", "Clickrail sets socket_connect_timeout itself"),
        ("unix:///run/redis.sock?db=1", None),
        ("valkey://redis/0", "it does not begin with redis://"),
        ("redis+sentinel://one:26379,two:26379/mymaster", "Sentinel and Cluster are not used"),
        ("redis-cluster://one:6379", "Sentinel and Cluster are not used"),
        ("redis:secret@redis", "not a URL"),
        ("redis://:p/w@redis/0", "it contains a character"),
        ("redis://:p#w@redis/0", "it contains a character"),
        ("redis://:p[w@redis/0", "it contains a character"),
        ("redis://:pw@redis:port/0", "the port is not a number"),
        ("redis://redis/clicks", "the path must be the number of the database"),
        ("redis://redis/0?retries=3", "an option is unknown; the known ones are client_name, db"),
        ("redis://redis/0?db=x", "db is not a whole number"),
        ("rediss://redis/0?ssl_check_hostname=maybe", "ssl_check_hostname is neither true nor false"),
        ("rediss://redis/0?ssl_cert_reqs=CERT_REQUIRED", "ssl_cert_reqs must be one of required"),
        ("redis://one,two/0", "it must name exactly one TCP host"),
        ("unix://run/redis.sock", "unix:// needs the path of a socket"),
        ("rediss://redis/0?ssl_cert_reqs=none", "TLS that accepts any certificate"),
        ("redis://redis/0?ssl_ca_certs=/etc/ca.crt", "ssl_ca_certs is for rediss:// (TLS)"),
        ("redis://redis/0?ssl_check_hostname=true", "ssl_check_hostname is for rediss:// (TLS)"),
        ("unix:///run/redis.sock?ssl_certfile=/etc/r.crt", "ssl_certfile is for rediss:// (TLS)"),
        ("unix:///run/redis.sock?socket_keepalive=true", "socket_keepalive is for redis:// and rediss://"),
        ("rediss://redis/0?ssl_certfile=/etc/r.crt&ssl_keyfile=/etc/r.key&ssl_password=pw", None),
        ("rediss://redis/0?ssl_certfile=/etc/r.pem", None),
        ("rediss://redis/0?ssl_keyfile=/etc/r.key", "ssl_keyfile needs the certificate too: ssl_certfile"),
    ],
)
def test_a_url_of_redis_is_read_the_same_way(url: str, reason: str | None) -> None:
    problem = find_redis_problem(url)

    assert (problem is None) is (reason is None)
    assert reason is None or (problem or "").startswith(reason)


@examples(500)
@given(PASSWORDS)
@example("12/34")
@example("12?a=b")
def test_what_we_take_of_a_password_that_was_typed_as_it_is_the_libraries_take_too(password: str) -> None:
    url = f"postgresql://u:{password}@db/d"
    if find_postgres_problem(url) is None:
        assert parsed_by_asyncpg(url)[:2] == ([("db", 5432)], "u")
    url = f"redis://u:{password}@redis/0"
    if find_redis_problem(url) is None:
        assert redis.asyncio.connection.parse_url(url)["host"] == "redis"


@examples(500)
@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=12))
def test_every_password_can_be_written_percent_encoded(password: str) -> None:
    url = f"postgresql://u:{quote(password, safe='')}@db:5433/d"
    assert find_postgres_problem(url) is None
    assert parsed_by_asyncpg(url) == ([("db", 5433)], "u", password)

    url = f"redis://u:{quote(password, safe='')}@redis:6380/1"
    assert find_redis_problem(url) is None
    assert redis.asyncio.connection.parse_url(url)["password"] == password


def parsed_by_asyncpg(url: str) -> tuple[list[object], str, str]:
    """Give addresses, user and password as asyncpg itself reads them. It has no public function for it."""
    nothing = dict.fromkeys(
        [
            *("host", "port", "user", "password", "passfile", "database", "ssl", "service", "servicefile"),
            *("direct_tls", "server_settings", "target_session_attrs", "krbsrvname", "gsslib"),
        ]
    )
    nothing["ssl"] = False if "sslmode" in url else None
    addresses, parameters = connect_utils._parse_connect_dsn_and_args(dsn=url, **nothing)
    return addresses, parameters.user, parameters.password
