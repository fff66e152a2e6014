"""The subcommands, as a person or a script meets them."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from cli import referrals
from tests.referrals.builders import TARGET, insert

pytestmark = pytest.mark.servers

app = typer.Typer()
app.add_typer(referrals.program, name="program")
app.add_typer(referrals.affiliate, name="affiliate")
app.add_typer(referrals.code, name="code")
app.command("import")(referrals.import_)

TOKEN_PARAMETER = "a token parameter is 1 to 40 of the characters A-Z, a-z, 0-9, _, . and -"
CODE_SETTINGS = "affiliate_id, program_id, status, target_url"

Run = Callable[..., "asyncio.Future[Result]"]


@pytest.fixture
def run(referrals_url: str) -> Run:
    """Give `clickrail` with arguments; the database's URL stands in the environment."""

    def invoke(*arguments: str, **environ: str) -> Result:
        return CliRunner().invoke(app, arguments, env={"CLICKRAIL_DATABASE_URL": referrals_url} | environ)

    return lambda *arguments, **environ: asyncio.to_thread(invoke, *arguments, **environ)


async def test_a_program_an_affiliate_and_a_code_are_added_and_shown(run: Run) -> None:
    added = [
        await run("program", "add", "Shop", "--id", "shop", "--target", TARGET, "--cookie-domain", "shop.example"),
        await run("affiliate", "add", "Ann", "--id", "ann"),
        await run("code", "add", "abc", "--affiliate", "ann", "--program", "shop"),
    ]
    shown = await run("program", "show", "shop")
    assert [result.stdout for result in added] == ["shop\n", "ann\n", "abc\n"]
    assert f"target_url\t{TARGET}\n" in shown.stdout
    assert "cookie_domain\tshop.example\n" in shown.stdout


async def test_ids_and_codes_are_made_where_none_is_given(run: Run) -> None:
    program = (await run("program", "add", "Shop", "--target", TARGET)).stdout.strip()
    affiliate = (await run("affiliate", "add", "Ann")).stdout.strip()
    code = (await run("code", "add", "--program", program, "--affiliate", affiliate)).stdout.strip()
    listed = await run("code", "list", "--program", program)
    assert (program[:4], affiliate[:4], len(code)) == ("prg_", "aff_", 10)
    assert listed.stdout == f"{code}\t{affiliate}\t{program}\tactive\t\n"


async def test_a_code_is_paused_and_resumed(run: Run, connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    statuses = []
    for command in ("pause", "resume"):
        await run("code", command, "abc")
        statuses.append(await connection.fetchval("SELECT status FROM referral_codes"))
    assert statuses == ["paused", "active"]


async def test_every_setting_of_a_program_is_an_option(run: Run) -> None:
    options = {
        "token-parameter": "clickid",
        "pass-query": "listed",
        "pass-names": "gclid,utm_source",
        "deep-link-hosts": "shop.example,*.shop.example",
        "cookie-policy": "first",
    }
    given = [text for name, value in options.items() for text in (f"--{name}", value)]
    await run("program", "add", "Shop", "--id", "shop", "--target", TARGET, *given)
    shown = (await run("program", "show", "shop")).stdout.splitlines()
    expected = [f"{name.replace('-', '_')}\t{value.replace(',', ', ')}" for name, value in options.items()]
    assert [line for line in expected if line not in shown] == []


async def test_settings_are_changed_and_taken_back(run: Run, connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    asked = "SELECT token_parameter, pass_names, cookie_window_days, fallback_url FROM programs"
    given = ("token_parameter=clickid", "pass_names=a,b", "cookie_window_days=7", "fallback_url=https://x/?a=b")
    changed = await run("program", "change", "shop", *given)
    after = tuple(await connection.fetchrow(asked))
    await run("program", "change", "shop", "token_parameter=", "pass_names=", "fallback_url=")
    assert changed.stdout == "program shop is changed: in force everywhere within a second\n"
    assert after == ("clickid", ["a", "b"], 7, "https://x/?a=b")
    assert tuple(await connection.fetchrow(asked)) == (None, [], 7, None)


async def test_a_code_gets_a_target_of_its_own_by_a_change(run: Run, connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    await run("code", "change", "abc", "target_url=https://x/")
    assert await connection.fetchval("SELECT target_url FROM referral_codes") == "https://x/"


@pytest.mark.parametrize("kind", ["program", "affiliate"])
async def test_programs_and_affiliates_are_listed_by_status(
    run: Run, connection: asyncpg.Connection, kind: str
) -> None:
    await insert(connection)
    active = await run(kind, "list", "--status", "active")
    paused = await run(kind, "list", "--status", "paused")
    assert (len(active.stdout.splitlines()), paused.stdout) == (1, "")


async def test_a_check_says_what_a_visit_gets_and_names_the_cookie(run: Run, connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    checked = await run("code", "check", "https://go.shop.example/ref/abc?sub1=x")
    lines = checked.stdout.splitlines()
    assert checked.exit_code == 0
    assert lines[:9] == [
        "code\tabc, active",
        "affiliate\tann, active",
        "program\tshop, active",
        "answer\t302",
        f"location\t{TARGET}",
        "counts\tyes",
        "cookie\t__Host-cr-shop, 30 days",
        "cookie_domain\tthat host alone",
        "https\tyes",
    ]


@pytest.mark.parametrize(
    ("public_url", "domain", "cookie"),
    [
        ("http://localhost:8080", None, "cr-shop"),
        ("https://go.shop.example", None, "__Host-cr-shop"),
        ("https://go.shop.example", "shop.example", "__Secure-cr-shop"),
    ],
)
async def test_the_cookies_name_follows_the_public_url_and_the_domain(
    run: Run, connection: asyncpg.Connection, public_url: str, domain: str | None, cookie: str
) -> None:
    await insert(connection, "abc")
    await connection.execute("UPDATE programs SET cookie_domain = $1", domain)
    checked = await run("code", "check", "abc", CLICKRAIL_PUBLIC_URL=public_url)
    assert f"cookie\t{cookie}, 30 days" in checked.stdout.splitlines()


async def test_a_check_of_a_code_that_counts_nothing_exits_with_one(run: Run, connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    await connection.execute("UPDATE programs SET status = 'paused'")
    checked = [await run("code", "check", asked) for asked in ("abc", "nope", "a/b")]
    numbers = [next(line for line in one.stdout.splitlines() if line.startswith("why\t"))[4:8] for one in checked]
    assert [(one.exit_code, number) for one, number in zip(checked, numbers, strict=True)] == [
        (1, "R203"),
        (1, "R102"),
        (1, "R101"),
    ]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("program", "add", "x", "--target", "javascript:x"), "target_url: a target starts with http:// or https://"),
        (("program", "add", "x", "--target", "https://x", "--window", "0"), "a cookie window is 1 to 400 days"),
        (("code", "add", "--affiliate", "eve", "--program", "shop"), "there is no affiliate of that id"),
        (("program", "add", "x", "--target", "https://x", "--token-parameter", "a b"), TOKEN_PARAMETER),
        (("program", "change", "shop", "token_parameter=a b"), TOKEN_PARAMETER),
        (("program", "change", "shop", "pass_query=some"), "what is passed of the query is none, listed or all"),
        (("program", "change", "shop", "cookie_window_days=x"), "cookie_window_days is a number, and not 'x'"),
        (("program", "change", "nope", "cookie_policy=first"), "there is no program 'nope'"),
        (("code", "change", "abc", "code=x"), f"'code' is no setting of a code with its value: {CODE_SETTINGS}"),
        (("code", "change", "abc", "status"), f"'status' is no setting of a code with its value: {CODE_SETTINGS}"),
        (("code", "show", "nope"), "there is no code 'nope'"),
        (("affiliate", "pause", "eve"), "there is no affiliate 'eve'"),
        (("import", "/nowhere.csv"), "[Errno 2] No such file or directory: '/nowhere.csv'"),
    ],
)
async def test_what_goes_wrong_is_one_line_and_exit_code_two(
    run: Run, connection: asyncpg.Connection, arguments: tuple[str, ...], line: str
) -> None:
    await insert(connection)
    result = await run(*arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"clickrail: {line}\n")


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("postgresql://x@127.0.0.1:1/x", "PostgreSQL does not answer: ConnectionRefusedError"),
        ("mysql://x:secret@h/x", "the database URL is not of the form postgresql://user:password@host:port/name"),
        ("postgresql://x:secret@h:port/x", "the database URL is not of the form"),
    ],
)
async def test_a_database_that_cannot_be_had_is_one_line_that_shows_no_password(run: Run, url: str, line: str) -> None:
    result = await run("code", "list", CLICKRAIL_DATABASE_URL=url)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"clickrail: {line}")
    assert "secret" not in result.stderr


async def test_a_database_without_tables_says_what_to_do(run: Run, database_url: str) -> None:
    empty = database_url.replace("search_path%3D", "search_path%3Dnot_")
    result = await run("code", "list", CLICKRAIL_DATABASE_URL=empty)
    expected = "clickrail: the database has no tables of Clickrail yet: run `clickrail migrate`\n"
    assert (result.exit_code, result.stderr) == (2, expected)


async def test_an_import_tells_how_much_it_added(run: Run, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await insert(connection)
    file = tmp_path / "referrals.csv"
    file.write_text("code,affiliate_id,program_id,affiliate_name\na,ann,shop,\nb,bob,shop,Bob\n")
    result = await run("import", str(file))
    assert (result.exit_code, result.stdout) == (0, "2 codes and 1 affiliates imported\n")


async def test_a_refused_import_shows_twenty_lines_and_counts_the_rest(
    run: Run, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await insert(connection)
    file = tmp_path / "referrals.csv"
    file.write_text("code,affiliate_id,program_id\n" + "".join(f"c{n},eve,shop\n" for n in range(25)))
    result = await run("import", str(file))
    lines = result.stderr.splitlines()
    assert (result.exit_code, len(lines)) == (2, 22)
    assert lines[0] == "line 2: there is no affiliate 'eve', and no affiliate_name to make it with"
    assert lines[20:] == ["and 5 more", f"clickrail: {file}: nothing was imported (errors: 25)"]
