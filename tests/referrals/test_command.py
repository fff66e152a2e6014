"""The subcommands, as a person or a script meets them."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from cli import probe_links, referrals
from identity.keyfile import create_ring
from identity.keys import RING_RANDOMNESS, init_ring
from tests.referrals.builders import TARGET, insert

pytestmark = pytest.mark.servers

app = typer.Typer()
app.add_typer(referrals.program, name="program")
app.add_typer(referrals.affiliate, name="affiliate")
app.add_typer(referrals.code, name="code")
app.command("import")(referrals.import_)
referrals.code.command("test-link")(probe_links.make_test_link)

TOKEN_PARAMETER = "a token parameter must be 1 to 40 of the characters A-Z, a-z, 0-9, _, . and -"
NAMESAKE = "has the name 'Shop' already: choose another, or add --same-name"


def read(result: Result) -> Any:
    return msgspec.json.decode(result.stdout)


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
    header = "code\taffiliate_id\tprogram_id\tstatus\ttarget_url"
    assert listed.stdout == f"{header}\n{code}\t{affiliate}\t{program}\tactive\t\n"


async def test_a_code_is_paused_and_resumed(run: Run, connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    statuses = []
    for command in ("pause", "resume", "archive", "resume"):
        await run("code", command, "abc")
        statuses.append(await connection.fetchval("SELECT status FROM referral_codes"))
    assert statuses == ["paused", "active", "archived", "active"]


async def test_what_archiving_means_is_told(run: Run, connection: asyncpg.Connection) -> None:
    await insert(connection, "a", "b")
    archived = await run("program", "archive", "shop")
    assert archived.stdout == "program shop is archived: in force everywhere within a second\n"
    assert archived.stderr.splitlines() == [
        "It has 2 codes, whose visitors go to the program's fallback from now on.",
        "Lists leave it out, and its id is never used again.",
        "`clickrail program resume shop` makes it active again.",
    ]


async def test_resuming_a_code_says_what_else_is_paused(run: Run, connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    await run("affiliate", "pause", "ann")
    resumed = await run("code", "resume", "abc")
    added = await run("code", "add", "new", "--affiliate", "ann", "--program", "shop")
    note = "It counts no clicks yet. R202 Affiliate paused: `clickrail affiliate resume ann` counts the affiliate's"
    assert [one.stderr.splitlines()[-1][: len(note)] for one in (resumed, added)] == [note, note]


async def test_every_setting_of_a_program_is_an_option(run: Run) -> None:
    options = {
        "token-parameter": "clickid",
        "pass-query": "listed",
        "pass-names": "gclid,utm_source",
        "deep-link-hosts": "shop.example,*.shop.example",
        "cookie-policy": "first",
        "unique-basis": "cookie",
        "quality-rules": "link_sweep_weight=0.6,client_rate_limit_60s=20",
    }
    given = [*(text for name, value in options.items() for text in (f"--{name}", value))]
    given += ["--accept-client-hints", "--subs-are-personal"]
    await run("program", "add", "Shop", "--id", "shop", "--target", TARGET, *given)
    shown = (await run("program", "show", "shop")).stdout.splitlines()
    expected = [f"{name.replace('-', '_')}\t{value.replace(',', ', ')}" for name, value in options.items()]
    expected += ["accept_client_hints\tyes", "subs_are_personal\tyes"]
    assert [line for line in expected if line not in shown] == []


async def test_settings_of_a_program_are_taken_back(run: Run) -> None:
    given = ("--accept-client-hints", "--quality-rules", "link_sweep_weight=0.6")
    await run("program", "add", "Shop", "--id", "shop", "--target", TARGET, *given)
    edited = await run("program", "edit", "shop", "--no-accept-client-hints", "--quality-rules", "")
    assert edited.stdout.splitlines()[1:] == ["accept_client_hints\tno", "quality_rules\tnone"]


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ("link_sweep", "'link_sweep' is not a name and a number, as in link_sweep_weight=0.6"),
        ("link_sweep_weight=high", "'link_sweep_weight=high' is not a name and a number, as in link_sweep_weight=0.6"),
        ("link_weight=1", "link_weight: no rule has this name; did you mean link_sweep_weight?"),
        ("link_sweep_weight=1.5", "link_sweep_weight: 1.5 is not between 0 and 1"),
        ("link_sweep_weight=nan", "link_sweep_weight: nan is not between 0 and 1"),
    ],
)
@pytest.mark.parametrize("command", ["add", "edit"])
async def test_rules_that_are_none_are_refused_by_name(run: Run, command: str, rules: str, problem: str) -> None:
    options = ("--target", TARGET) if command == "add" else ()
    refused = await run("program", command, "shop", *options, "--quality-rules", rules)
    assert (refused.exit_code, refused.stderr) == (2, f"clickrail: --quality-rules: {problem}\n")


async def test_the_link_of_a_code_is_shown_when_it_is_added(run: Run, connection: asyncpg.Connection) -> None:
    await insert(connection)
    arguments = ("--affiliate", "ann", "--program", "shop")
    added = await run("code", "add", "abc", *arguments, CLICKRAIL_PUBLIC_URL="https://go.shop.example/")
    unknown = await run("code", "add", "def", *arguments)
    shown = await run("code", "show", "abc", CLICKRAIL_PUBLIC_URL="https://go.shop.example")
    assert (added.stdout, added.stderr) == ("abc\n", "Its link is https://go.shop.example/ref/abc\n")
    assert unknown.stderr == "Its link is /ref/def: give --public-url to see the whole URL\n"
    assert "link\thttps://go.shop.example/ref/abc" in shown.stdout.splitlines()


async def test_every_answer_about_referrals_can_be_json(run: Run, connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    url = {"CLICKRAIL_PUBLIC_URL": "https://go.shop.example"}
    added = await run("code", "add", "new", "--affiliate", "ann", "--program", "shop", "--json", **url)
    listed = await run("code", "list", "--json")
    shown = await run("program", "show", "shop", "--json")
    edited = await run("affiliate", "edit", "ann", "--name", "Anna", "--json")
    checked = await run("code", "check", "abc", "--json", **url)
    assert (read(added)["link"], read(edited)["name"]) == ("https://go.shop.example/ref/new", "Anna")
    assert [code["code"] for code in read(listed)] == ["abc", "new"]
    assert (read(shown)["target_url"], read(checked)["counts"]) == (TARGET, True)


async def test_a_list_says_when_there_is_more_and_how_to_go_on(run: Run, connection: asyncpg.Connection) -> None:
    await insert(connection, "a", "b", "c")
    first = await run("code", "list", "--limit", "2", "--no-header")
    rest = await run("code", "list", "--limit", "2", "--after=b")
    assert [line[0] for line in first.stdout.splitlines()] == ["a", "b"]
    assert first.stderr == "There are more: --after=b shows the next ones, --limit shows more at once.\n"
    assert ([line[0] for line in rest.stdout.splitlines()[1:]], rest.stderr) == (["c"], "")


async def test_an_empty_list_says_so_and_what_it_leaves_out(run: Run, connection: asyncpg.Connection) -> None:
    await insert(connection, "a")
    await run("code", "archive", "a")
    listed = [await run("code", "list", *option) for option in ([], ["--all"], ["--status", "paused"])]
    assert [len(one.stdout.splitlines()) for one in listed] == [1, 2, 1]
    assert [one.stderr for one in listed] == [
        "No codes; archived ones are left out, --all shows them too.\n",
        "",
        "No codes.\n",
    ]


async def test_a_name_that_another_one_has_is_taken_only_when_that_is_meant(
    run: Run, connection: asyncpg.Connection
) -> None:
    await insert(connection)
    refused = await run("program", "add", "shop ", "--target", TARGET)
    other = await run("program", "add", "Other", "--id", "other", "--target", TARGET)
    renamed = await run("program", "edit", "other", "--name", "Shop")
    added = await run("affiliate", "add", "Ann", "--same-name")
    kept = await run("program", "edit", "shop", "--name", "Shop")
    assert refused.stderr == f"clickrail: program shop {NAMESAKE.replace('Shop', 'shop ')}\n"
    assert renamed.stderr == f"clickrail: program shop {NAMESAKE}\n"
    assert [one.exit_code for one in (refused, other, renamed, added, kept)] == [2, 0, 2, 0, 0]


async def test_settings_are_changed_and_taken_back(run: Run, connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    asked = "SELECT token_parameter, pass_names, cookie_window_days, fallback_url FROM programs"
    given = ("--token-parameter", "clickid", "--pass-names", "a, b", "--window", "7", "--fallback", "https://x/?a=b")
    changed = await run("program", "edit", "shop", *given)
    after = tuple(await connection.fetchrow(asked))
    taken = await run("program", "edit", "shop", "--token-parameter", "", "--pass-names", "", "--fallback", "")
    assert changed.stdout.splitlines() == [
        "program shop is changed: in force everywhere within a second",
        "fallback_url\thttps://x/?a=b",
        "cookie_window_days\t7",
        "token_parameter\tclickid",
        "pass_names\ta, b",
    ]
    assert taken.stdout.splitlines()[1:] == ["fallback_url\tnone", "token_parameter\tnone", "pass_names\tnone"]
    assert after == ("clickid", ["a", "b"], 7, "https://x/?a=b")
    assert tuple(await connection.fetchrow(asked)) == (None, [], 7, None)


async def test_everything_of_a_program_that_can_be_given_can_be_edited(
    run: Run, connection: asyncpg.Connection
) -> None:
    await insert(connection)
    given = {
        "--name": "Shoes",
        "--target": "https://x/",
        "--fallback": "https://y/",
        "--window": "7",
        "--cookie-domain": "shop.example",
        "--privacy": "no_cookie",
        "--gpc": "anonymous",
        "--dnt": "full",
        "--limit-policy": "skip",
        "--unique-window": "60",
        "--token-parameter": "t",
        "--pass-query": "all",
        "--pass-names": "a",
        "--deep-link-hosts": "shop.example",
        "--cookie-policy": "first",
    }
    edited = await run("program", "edit", "shop", *(text for option in given.items() for text in option))
    assert [line.partition("\t")[2] for line in edited.stdout.splitlines()[1:]] == list(given.values())


async def test_a_code_is_given_a_target_another_affiliate_and_another_program(
    run: Run, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc")
    await run("affiliate", "add", "Bob", "--id", "bob")
    await run("program", "add", "House", "--id", "house", "--target", "https://house/")
    await run("code", "edit", "abc", "--target", "https://x/", "--affiliate", "bob", "--program", "house")
    asked = "SELECT target_url, affiliate_id, program_id FROM referral_codes"
    after = tuple(await connection.fetchrow(asked))
    await run("code", "edit", "abc", "--target", "")
    assert after == ("https://x/", "bob", "house")
    assert await connection.fetchval("SELECT target_url FROM referral_codes") is None


@pytest.mark.parametrize("kind", ["program", "affiliate"])
async def test_programs_and_affiliates_are_listed_by_status(
    run: Run, connection: asyncpg.Connection, kind: str
) -> None:
    await insert(connection)
    active = await run(kind, "list", "--status", "active")
    paused = await run(kind, "list", "--status", "paused")
    assert (len(active.stdout.splitlines()), len(paused.stdout.splitlines())) == (2, 1)


async def test_a_check_says_what_a_visit_gets_and_names_the_cookie(run: Run, connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    asked = "https://go.shop.example/ref/ab%63/?sub1=x"
    checked = await run("code", "check", asked, CLICKRAIL_PUBLIC_URL="https://go.shop.example")
    lines = checked.stdout.splitlines()
    assert checked.exit_code == 0
    assert lines[:8] == [
        "link\thttps://go.shop.example/ref/abc",
        "code\tabc, active",
        "affiliate\tann, active",
        "program\tshop, active",
        "answer\t302",
        f"location\t{TARGET.replace('{click_token}', 'TOKEN')}",
        "counts\tyes",
        "cookie\t__Host-cr-shop, 30 days",
    ]
    assert lines[8] == "cookie_domain\tthat host only"


@pytest.mark.parametrize(
    ("public_url", "domain", "cookie"),
    [
        ("http://localhost:8080", None, "cr-shop"),
        ("https://go.shop.example", None, "__Host-cr-shop"),
        ("https://go.shop.example", "shop.example", "__Secure-cr-shop"),
        ("", None, "__Host-cr-shop if the public URL is https, cr-shop if it is http"),
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
    checked = [await run("code", "check", asked) for asked in ("abc", "nope", "/ref/a/b")]
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
        (("program", "add", "x", "--target", "https://x", "--window", "0"), "a cookie window must be 1 to 400 days"),
        (("code", "add", "--affiliate", "eve", "--program", "shop"), "there is no affiliate with that id"),
        (("program", "add", "x", "--target", "https://x", "--token-parameter", "a b"), TOKEN_PARAMETER),
        (("program", "edit", "shop", "--token-parameter", "a b"), TOKEN_PARAMETER),
        (("program", "edit", "shop", "--target", ""), "target_url: a target has 1 to 2048 characters; this one has 0"),
        (("program", "edit", "nope", "--cookie-policy", "first"), "there is no program 'nope'"),
        (("program", "edit", "shop"), "no option is given: `clickrail program edit --help` lists what can be changed"),
        (("code", "edit", "abc", "--affiliate", "ann"), "there is no code 'abc'"),
        (("affiliate", "archive", "eve"), "there is no affiliate 'eve'"),
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
        ("postgresql://x@127.0.0.1:1/x", "PostgreSQL does not answer: nothing listens at the address in the URL."),
        ("mysql://x:secret@h/x", "CLICKRAIL_DATABASE_URL: it does not begin with postgresql://"),
        ("postgresql://x:secret@h:port/x", "CLICKRAIL_DATABASE_URL: the port is not a number"),
        (
            "postgresql://x:secret@h/x?sslmode=verify-full&sslrootcert=/nowhere",
            "CLICKRAIL_DATABASE_URL: a TLS file",
        ),
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
    expected = "clickrail: the database has no Clickrail tables yet: run `clickrail migrate`\n"
    assert (result.exit_code, result.stderr) == (2, expected)


async def test_a_test_link_is_signed_for_a_code_that_there_is(
    run: Run, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await insert(connection, "spring-26")
    path = tmp_path / "keys.json"
    create_ring(path, init_ring(datetime.now(UTC), os.urandom(RING_RANDOMNESS)))
    environ = {"CLICKRAIL_KEYS_FILE": str(path), "CLICKRAIL_PUBLIC_URL": "https://go.shop.example"}
    unknown = await run("code", "test-link", "sprin-26", **environ)
    signed = await run("code", "test-link", "spring-26", **environ)
    await run("code", "pause", "spring-26")
    paused = await run("code", "test-link", "spring-26", **environ)
    not_looked_up = await run("code", "test-link", "nope", **environ, CLICKRAIL_DATABASE_URL="")
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert unknown.stderr == "clickrail: there is no code 'sprin-26'; similar codes: spring-26\n"
    assert (signed.exit_code, signed.stderr) == (0, "")
    assert paused.stderr.startswith(
        "Visits of this link make no click now. R201 Code paused: `clickrail code resume spring-26`"
    )
    assert not_looked_up.stderr.startswith("The code was not looked up")


async def test_an_import_tells_how_much_it_added(run: Run, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await insert(connection)
    file = tmp_path / "referrals.csv"
    file.write_text("code,affiliate_id,program_id,affiliate_name\na,ann,shop,\nb,bob,shop,Bob\n")
    result = await run("import", str(file))
    assert (result.exit_code, result.stdout) == (0, "2 codes added, 1 affiliate added\n")


async def test_an_import_can_be_tried_out_and_can_update(
    run: Run, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await insert(connection, "a")
    file = tmp_path / "referrals.csv"
    file.write_text("code,affiliate_id,program_id,status\na,ann,shop,paused\nb,ann,shop,\n")
    tried = await run("import", str(file), "--update", "--dry-run")
    updated = await run("import", str(file), "--update")
    again = await run("import", str(file), "--update", "--json")
    done = "1 code added, 1 code updated, 0 codes unchanged\n"
    assert (tried.stdout, updated.stdout) == (f"Dry run, nothing is changed. It would be: {done}", done)
    assert read(again) == {"codes": 0, "affiliates": 0, "updated": 0, "unchanged": 2, "renamed": 0}


async def test_columns_of_other_names_are_mapped(run: Run, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await insert(connection)
    file = tmp_path / "codes.csv"
    file.write_text("Link,Partner ID,program_id,Color\nspring,ann,shop,red\n")
    mapping = ("--map", "link=code", "--map", "Partner ID=affiliate_id", "--map", "Color=")
    without = await run("import", str(file))
    wrong = await run("import", str(file), "--map", "Link=codes")
    result = await run("import", str(file), *mapping)

    assert (without.exit_code, wrong.exit_code, result.exit_code) == (2, 2, 0)
    assert "OURS is one of code, affiliate_id" in " ".join(wrong.stderr.replace("│", " ").split())
    assert result.stdout == "1 code added\n"


async def test_an_import_reads_standard_input(referrals_url: str, connection: asyncpg.Connection) -> None:
    await insert(connection)
    data = "code,affiliate_id,program_id\na,ann,shop\n"
    environ = {"CLICKRAIL_DATABASE_URL": referrals_url}
    result = await asyncio.to_thread(CliRunner().invoke, app, ["import", "-"], input=data, env=environ)
    assert (result.exit_code, result.stdout) == (0, "1 code added\n")


async def test_a_refused_import_shows_every_line(run: Run, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await insert(connection)
    file = tmp_path / "referrals.csv"
    file.write_text("code,affiliate_id,program_id\n" + "".join(f"c{n},eve,shop\n" for n in range(25)))
    result = await run("import", str(file))
    as_json = await run("import", str(file), "--json")
    lines = result.stderr.splitlines()
    assert (result.exit_code, len(lines), as_json.exit_code) == (2, 26, 2)
    assert lines[0] == "line 2: there is no affiliate 'eve', and no affiliate_name to make it with"
    assert lines[25] == f"clickrail: {file}: nothing was imported (25 errors)"
    assert [error["line"] for error in read(as_json)["errors"]] == list(range(2, 27))


async def test_a_host_in_another_script_is_taken_and_said_how_it_is_stored(run: Run) -> None:
    added = await run("program", "add", "Shop", "--id", "shop", "--target", TARGET, "--deep-link-hosts", "*.münchen.de")
    changed = await run("program", "edit", "shop", "--cookie-domain", "münchen.de")
    assert (added.stdout, added.exit_code, changed.exit_code) == ("shop\n", 0, 0)
    assert "*.münchen.de is stored as *.xn--mnchen-3ya.de, the form that browsers send" in " ".join(
        added.stderr.split()
    )
    assert "münchen.de is stored as xn--mnchen-3ya.de, the form that browsers send" in " ".join(changed.stderr.split())
