"""The settings that decide a Location: what the tables accept, and what becomes of rows from before there were any."""

import json

import asyncpg
import msgspec
import pytest
import redis.asyncio

from referrals.admin import repository
from referrals.admin.validation import ValidationProblem
from referrals.connections import connected
from referrals.lookup.answers import Found
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.lookup.lookup import Lookup
from referrals.lookup.redis_codec import seal
from referrals.lookup.redis_history import History, pack_history
from referrals.metrics import LookupMetrics
from referrals.model import Program
from runtime.migration_files import MigrationSet, find_migrations
from runtime.migrations import migrate
from tests.referrals.builders import PATIENT, affiliate, code, get_signer, insert, program, unique_prefix
from tests.referrals.lookup.looking_up import is_followed
from tests.waiting import eventually
from urls.targets import MACROS

pytestmark = pytest.mark.servers

SETTINGS = {
    "token_parameter": "click.id",
    "pass_query": "listed",
    "pass_names": ("gclid", "utm_source"),
    "deep_link_hosts": ("shop.example", "*.shop.example"),
    "cookie_policy": "first",
    "unique_basis": "cookie",
    "accept_client_hints": True,
    "quality_rules": {"link_sweep_weight": 0.6, "client_rate_limit_60s": 20.0},
    "subs_are_personal": True,
}
LONGEST_HOST = "*." + ".".join(["a" * 62] * 3) + "." + "a" * 62
URL_COLUMNS = ["programs.target_url", "programs.fallback_url", "referral_codes.target_url"]


async def test_settings_are_stored_and_come_back(connection: asyncpg.Connection) -> None:
    wanted = program(**SETTINGS)
    added = await repository.add(connection, wanted)
    reset = await repository.change(connection, "program", "shop", {"pass_names": (), "token_parameter": None})
    assert (added, reset) == (
        wanted,
        msgspec.structs.replace(wanted, pass_names=(), token_parameter=None, version=2),
    )


@pytest.mark.parametrize(
    ("setting", "value", "constraint"),
    [
        ("token_parameter", "", "program_token_parameter_shape"),
        ("token_parameter", "a b", "program_token_parameter_shape"),
        ("token_parameter", "a=b", "program_token_parameter_shape"),
        ("token_parameter", "a\n", "program_token_parameter_shape"),
        ("token_parameter", "a" * 41, "program_token_parameter_shape"),
        ("pass_query", "some", "program_pass_query_known"),
        ("pass_names", ["a&b"], "program_pass_names_shape"),
        ("pass_names", ["a", ""], "program_pass_names_shape"),
        ("pass_names", ["a", None], "program_pass_names_shape"),
        ("pass_names", [["a"], ["b"]], "program_pass_names_shape"),
        ("pass_names", ["a"] * 51, "program_pass_names_shape"),
        ("deep_link_hosts", ["com"], "program_deep_link_hosts_shape"),
        ("deep_link_hosts", ["*"], "program_deep_link_hosts_shape"),
        ("deep_link_hosts", ["*.com"], "program_deep_link_hosts_shape"),
        ("deep_link_hosts", ["*shop.example"], "program_deep_link_hosts_shape"),
        ("deep_link_hosts", ["a.*.example"], "program_deep_link_hosts_shape"),
        ("deep_link_hosts", ["Shop.example"], "program_deep_link_hosts_shape"),
        ("deep_link_hosts", ["shop.example."], "program_deep_link_hosts_shape"),
        ("deep_link_hosts", ["shop.example:443"], "program_deep_link_hosts_shape"),
        ("deep_link_hosts", ["https://shop.example"], "program_deep_link_hosts_shape"),
        ("deep_link_hosts", ["10.0.0.1"], "program_deep_link_hosts_shape"),
        ("deep_link_hosts", ["shop.example\n"], "program_deep_link_hosts_shape"),
        ("deep_link_hosts", [LONGEST_HOST + "a"], "program_deep_link_hosts_shape"),
        ("deep_link_hosts", ["shop.example"] * 51, "program_deep_link_hosts_shape"),
        ("cookie_policy", "second", "program_cookie_policy_known"),
        ("unique_basis", "person", "program_unique_basis_known"),
        ("quality_rules", "[]", "program_quality_rules_shape"),
        ("quality_rules", "null", "program_quality_rules_shape"),
        ("quality_rules", '{"Weight": 1}', "program_quality_rules_shape"),
        ("quality_rules", '{"a\\n": 1}', "program_quality_rules_shape"),
        ("quality_rules", '{"": 1}', "program_quality_rules_shape"),
        ("quality_rules", f'{{"{"a" * 41}": 1}}', "program_quality_rules_shape"),
        ("quality_rules", '{"a": "1"}', "program_quality_rules_shape"),
        ("quality_rules", '{"a": null}', "program_quality_rules_shape"),
        ("quality_rules", '{"a": -0.1}', "program_quality_rules_shape"),
        ("quality_rules", '{"a": 1000000.1}', "program_quality_rules_shape"),
        ("quality_rules", json.dumps({f"a{number}": 1 for number in range(51)}), "program_quality_rules_shape"),
    ],
)
async def test_a_setting_that_cannot_be_is_not_stored(
    connection: asyncpg.Connection, setting: str, value: object, constraint: str
) -> None:
    await insert(connection)
    with pytest.raises(asyncpg.CheckViolationError) as raised:
        await connection.execute(f"UPDATE programs SET {setting} = $1", value)
    assert raised.value.constraint_name == constraint


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("token_parameter", "a" * 40),
        ("pass_names", ("A-Za.z0_9",) * 50),
        ("deep_link_hosts", ("a.b", "*.xn--bcher-kva.example", LONGEST_HOST[:253])),
        ("quality_rules", {f"{number:040}": 1_000_000.0 / (number + 1) for number in range(50)}),
        ("quality_rules", {"a": 0.0, "b": 1e-300}),
        ("quality_rules", {}),
    ],
)
async def test_whatever_can_be_stored_can_be_read(connection: asyncpg.Connection, setting: str, value: object) -> None:
    await insert(connection)
    changed = await repository.change(connection, "program", "shop", {setting: value})
    assert isinstance(changed, Program)
    assert getattr(changed, setting) == value


@pytest.mark.parametrize("column", URL_COLUMNS)
async def test_a_macro_that_there_is_not_is_refused_by_name(connection: asyncpg.Connection, column: str) -> None:
    await insert(connection, "abc")
    table, name = column.split(".")
    with pytest.raises(asyncpg.CheckViolationError, match=rf"{name}: there is no macro {{clickid}}") as raised:
        await connection.execute(f"UPDATE {table} SET {name} = 'https://e.com/{{code}}?c={{clickid}}'")
    assert str(raised.value.constraint_name).endswith(f"{name}_macros")


async def test_a_macro_that_there_is_not_is_refused_in_a_new_row(connection: asyncpg.Connection) -> None:
    await insert(connection)
    for statement in (
        "INSERT INTO programs (id, name, target_url) VALUES ('new', 'x', 'https://x/{sub6}')",
        "INSERT INTO programs (id, name, target_url, fallback_url) VALUES ('new', 'x', 'https://x', 'https://x/{sub6}')",
        "INSERT INTO referral_codes VALUES ('new', 'ann', 'shop', 'active', 'https://x/{sub6}')",
    ):
        with pytest.raises(asyncpg.CheckViolationError, match=r"there is no macro {sub6}"):
            await connection.execute(statement)


@pytest.mark.parametrize("url", [*(f"https://e.com/?a={{{name}}}" for name in MACROS), 'https://e.com/{}?a={"b":1}{'])
@pytest.mark.parametrize("column", URL_COLUMNS)
async def test_every_macro_can_be_stored_and_braces_that_are_none(
    connection: asyncpg.Connection, column: str, url: str
) -> None:
    await insert(connection, "abc")
    table, name = column.split(".")
    await connection.execute(f"UPDATE {table} SET {name} = $1", url)
    assert await connection.fetchval(f"SELECT {name} FROM {table}") == url


@pytest.fixture
async def upgraded(database_url: str) -> str:
    """A database whose rows are older than the settings, one of them with a macro that there is not."""
    everything = find_migrations("referrals")
    before = MigrationSet("referrals", "referrals", everything.migrations[:2])
    async with connected(database_url) as connection:
        await migrate(connection, [before])
        await connection.execute(
            "INSERT INTO programs (id, name, target_url, fallback_url) "
            "VALUES ('shop', 'Shop', 'https://e.com/?c={clickid}', 'https://e.com/{gone}')"
        )
        await connection.execute("INSERT INTO affiliates (id, name) VALUES ('ann', 'Ann')")
        await connection.execute(
            "INSERT INTO referral_codes (code, affiliate_id, program_id, target_url) "
            "VALUES ('abc123', 'ann', 'shop', 'https://e.com/{old}')"
        )
        await migrate(connection, [everything])
    return database_url


async def test_rows_from_before_are_kept_and_have_the_usual_settings(upgraded: str) -> None:
    async with connected(upgraded) as connection:
        found = await repository.look_up(connection, "abc123")
    assert found == Found(
        code(target_url="https://e.com/{old}"),
        affiliate(),
        program(target_url="https://e.com/?c={clickid}", fallback_url="https://e.com/{gone}"),
        "postgres",
    )


async def test_rows_from_before_can_be_changed_but_for_a_url_with_such_a_macro(upgraded: str) -> None:
    async with connected(upgraded) as connection:
        changed = [
            await repository.change(connection, "program", "shop", {"status": "paused"}),
            await repository.change(connection, "code", "abc123", {"status": "paused"}),
            await repository.change(connection, "program", "shop", {"target_url": "https://e.com/?c={click_id}"}),
        ]
        refused = await repository.change(connection, "program", "shop", {"fallback_url": "https://e.com/{other}"})
        with pytest.raises(asyncpg.CheckViolationError, match=r"there is no macro {other}"):
            await connection.execute("UPDATE programs SET fallback_url = 'https://e.com/{other}'")
    assert [one.version for one in changed if not isinstance(one, ValidationProblem)] == [4, 5, 6]
    assert isinstance(refused, ValidationProblem)
    assert refused.reason.startswith("fallback_url: there is no macro {other}, only {click_id}, ")


@pytest.fixture
def settings(referrals_url: str, valkey: str) -> LookupSettings:
    return LookupSettings(
        database_url=referrals_url, redis_url=valkey, get_signer=get_signer, redis_prefix=unique_prefix(), **PATIENT
    )


HISTORY = History(b"0123456789ab", 3, b"here")


def says_of(value: object) -> bytes:
    """Give a row as a process from before the settings writes it to Redis."""
    row = {name: field for name, field in msgspec.to_builtins(value).items() if name not in SETTINGS}
    return b"%d 3 %b" % (row["version"], msgspec.json.encode(row))


async def test_what_an_older_process_wrote_to_redis_is_read(settings: LookupSettings) -> None:
    rows = [program(), affiliate(), code()]
    async with redis.asyncio.Redis.from_url(settings.redis_url) as cache:
        for row in rows:
            name = f"{settings.redis_prefix}:referrals:{row.kind}:{row.id}"
            await cache.set(name, seal(get_signer(), name.encode(), HISTORY.epoch, says_of(row)))
        name = f"{settings.redis_prefix}:referrals:history"
        await cache.set(name, pack_history(get_signer(), name.encode(), HISTORY))
    away = msgspec.structs.replace(settings, database_url="postgresql://x@127.0.0.1:1/x")
    async with open_lookup(away, LookupMetrics()) as lookup:
        assert await lookup.find("abc123") == Found(code(), affiliate(), program(), "redis")


async def test_a_changed_setting_is_in_force_within_a_second(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc")
    async with open_lookup(settings, LookupMetrics()) as lookup:
        await lookup.find("abc")
        await eventually(lambda: is_followed(lookup))
        await connection.execute("UPDATE programs SET token_parameter = 'clickid', deep_link_hosts = '{shop.example}'")
        await eventually(lambda: is_in_force(lookup))


async def is_in_force(lookup: Lookup) -> bool:
    found = await lookup.find("abc")
    return isinstance(found, Found) and (found.program.token_parameter, found.program.deep_link_hosts) == (
        "clickid",
        ("shop.example",),
    )


async def test_hosts_in_another_script_are_stored_as_browsers_ask_for_them(connection: asyncpg.Connection) -> None:
    written = ("münchen.example", "*.MÜNCHEN.example", "shop.example")
    added = await repository.add(connection, program(deep_link_hosts=written, cookie_domain="münchen.example"))
    assert isinstance(added, Program)
    stored = ("xn--mnchen-3ya.example", "*.xn--mnchen-3ya.example", "shop.example")
    assert (added.deep_link_hosts, added.cookie_domain) == (stored, "xn--mnchen-3ya.example")
    changed = await repository.change(connection, "program", added.id, {"deep_link_hosts": ("пример.example",)})
    assert isinstance(changed, Program)
    assert changed.deep_link_hosts == ("xn--e1afmkfd.example",)
