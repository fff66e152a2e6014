import asyncpg
import pytest

from referrals.admin import repository
from referrals.admin.repository import Filter, Page
from referrals.admin.validation import SENTENCES, ValidationProblem
from referrals.lookup.answers import UNKNOWN_IN_POSTGRES, Found
from referrals.model import Affiliate, Kind, Referral
from tests.referrals.builders import affiliate, code, insert, program

pytestmark = pytest.mark.servers

GONE = Filter(status="archived")


async def ids(connection: asyncpg.Connection, kind: Kind, wanted: Filter) -> list[str]:
    return [one.id for one in (await repository.list_page(connection, kind, wanted)).values]


async def test_what_is_added_comes_back_as_stored(connection: asyncpg.Connection) -> None:
    wanted = [
        program(fallback_url="https://shop.example/", cookie_domain="shop.example", cookie_window_days=400, version=1),
        affiliate(version=2),
        code(target_url="https://shop.example/spring?m={click_id}", version=3),
    ]
    added = [await repository.add(connection, value) for value in wanted]
    found = [await repository.find(connection, value.kind, value.id) for value in wanted]
    assert (added, found) == (wanted, wanted)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (program(target_url="javascript:alert(1)"), "target_url: a target starts with http:// or https://"),
        (program(fallback_url="//evil.tld"), "fallback_url: a target starts with http:// or https://"),
        (program(id="shop"), "there is a program with that id already"),
        (program(id="New"), "a program's id must be 1 to 40 of the characters a-z, 0-9, _ and -"),
        (program(id="new", cookie_window_days=401), "a cookie window must be 1 to 400 days"),
        (program(id="new", name=""), "a program's name must be 1 to 200 characters on one line"),
        (affiliate(id="bob", name="a\nb"), "an affiliate's name must be 1 to 200 characters on one line"),
        (affiliate(id="bob", name="a\x9b31m"), "an affiliate's name must be 1 to 200 characters on one line"),
        (affiliate(), "there is an affiliate with that id already"),
        (code(code="a/b"), "a code must be 1 to 64 of the characters A-Z, a-z, 0-9, _ and -"),
        (code(code="new", affiliate_id="bob"), "there is no affiliate with that id"),
        (code(code="new", program_id="house"), "there is no program with that id"),
        (code(code="abc"), "that code exists already"),
    ],
)
async def test_nonsense_is_refused_in_a_sentence(connection: asyncpg.Connection, value: Referral, reason: str) -> None:
    await insert(connection, "abc")
    refused = await repository.add(connection, value)
    assert isinstance(refused, ValidationProblem)
    assert refused.reason == reason


@pytest.mark.parametrize("name", ["a\0b", "a\udcffb"])
async def test_text_that_cannot_be_stored_is_refused(connection: asyncpg.Connection, name: str) -> None:
    assert isinstance(await repository.add(connection, affiliate(name=name)), ValidationProblem)


async def test_a_number_too_large_for_its_column_is_refused(connection: asyncpg.Connection) -> None:
    assert isinstance(await repository.add(connection, program(cookie_window_days=2**40)), ValidationProblem)


@pytest.mark.parametrize(("kind", "id_"), [("program", "shop"), ("affiliate", "ann"), ("code", "abc")])
async def test_each_kind_is_paused_and_resumed(connection: asyncpg.Connection, kind: Kind, id_: str) -> None:
    await insert(connection, "abc")
    statuses = []
    for status in ("paused", "active"):
        changed = await repository.change(connection, kind, id_, {"status": status})
        statuses.append((changed.status, changed.version))
    assert statuses == [("paused", 4), ("active", 5)]


async def test_a_change_of_a_target_is_checked_too(connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    refused = await repository.change(connection, "code", "abc", {"target_url": "https:evil.tld"})
    assert refused == ValidationProblem("target_url: a target needs a host: https:// and then the host", "target_url")


async def test_what_does_not_exist_cannot_be_changed_or_found(connection: asyncpg.Connection) -> None:
    changed = await repository.change(connection, "code", "nope", {"status": "paused"})
    found = await repository.find(connection, "code", "nope")
    assert (changed, found) == (
        ValidationProblem("there is no code 'nope'"),
        ValidationProblem("there is no code 'nope'"),
    )


async def test_a_list_is_in_order_and_goes_on_behind_an_id(connection: asyncpg.Connection) -> None:
    await insert(connection, "b", "a", "C", "d")
    first = await repository.list_page(connection, "code", Filter(limit=2))
    rest = await repository.list_page(connection, "code", Filter(after=first.values[-1].id, limit=2))
    assert ([one.id for one in first.values], [one.id for one in rest.values]) == (["C", "a"], ["b", "d"])
    assert (first.has_more, rest.has_more) == (True, False)


async def test_a_list_is_narrowed_by_status_affiliate_and_program(connection: asyncpg.Connection) -> None:
    await insert(connection, "a", "b")
    await repository.add(connection, affiliate(id="bob", name="Bob"))
    await repository.add(connection, code(code="c", affiliate_id="bob"))
    await repository.change(connection, "code", "a", {"status": "paused"})
    wanted = [Filter(status="paused"), Filter(affiliate_id="bob"), Filter(status="active", program_id="shop")]
    listed = [await ids(connection, "code", each) for each in wanted]
    assert listed == [["a"], ["c"], ["b", "c"]]


async def test_a_filter_that_a_kind_does_not_know_is_passed_over(connection: asyncpg.Connection) -> None:
    await insert(connection)
    listed = await repository.list_page(connection, "affiliate", Filter(program_id="shop"))
    assert listed == Page([Affiliate(id="ann", name="Ann", status="active", version=2)], has_more=False)


async def test_what_is_archived_is_in_no_list_unless_asked_for(connection: asyncpg.Connection) -> None:
    await insert(connection, "a", "b")
    await repository.change(connection, "code", "a", {"status": "archived"})
    listed = [await ids(connection, "code", each) for each in (Filter(), Filter(archived=True), GONE)]
    assert listed == [["b"], ["a", "b"], ["a"]]


@pytest.mark.parametrize(("kind", "id_"), [("program", "shop"), ("affiliate", "ann")])
async def test_codes_go_out_of_the_lists_with_what_they_belong_to(
    connection: asyncpg.Connection, kind: Kind, id_: str
) -> None:
    await insert(connection, "a", "b")
    await repository.change(connection, kind, id_, {"status": "archived"})
    listed = [
        await ids(connection, kind, Filter()),
        await ids(connection, "code", Filter()),
        await ids(connection, "code", Filter(archived=True)),
    ]
    assert listed == [[], [], ["a", "b"]]


async def test_codes_that_are_not_archived_are_counted(connection: asyncpg.Connection) -> None:
    await insert(connection, "a", "b", "c")
    await repository.change(connection, "code", "a", {"status": "archived"})
    counts = [
        await repository.count_codes(connection, kind, id_)
        for kind, id_ in (("program", "shop"), ("affiliate", "ann"), ("affiliate", "bob"), ("code", "b"))
    ]
    assert counts == [2, 2, 0, 1]


@pytest.mark.parametrize(("kind", "id_"), [("program", "shop"), ("affiliate", "ann")])
async def test_no_code_is_added_to_what_is_archived(connection: asyncpg.Connection, kind: Kind, id_: str) -> None:
    await insert(connection)
    await repository.change(connection, kind, id_, {"status": "archived"})
    refused = await repository.add(connection, code())
    remedy = f"`clickrail {kind} resume {id_}` makes it active again"
    assert refused == ValidationProblem(f"{kind} '{id_}' is archived; {remedy}")


@pytest.mark.parametrize("name", ["Shop", "shop", " SHOP "])
async def test_one_of_the_same_name_is_found(connection: asyncpg.Connection, name: str) -> None:
    await insert(connection)
    await repository.add(connection, program(id="other", name="Other"))
    assert await repository.find_same_name(connection, "program", name) == ["shop"]
    assert await repository.find_same_name(connection, "program", name, except_id="shop") == []


async def test_codes_nearly_as_asked_for_are_found(connection: asyncpg.Connection) -> None:
    await insert(connection, "spring-26", "Spring_24", "autumn", "abc123")
    await repository.change(connection, "code", "abc123", {"status": "archived"})
    asked = ("sprin-26", "SPRING-24", "sprnig-26", "autum", "abc124", "a", "", "x" * 64)
    found = [await repository.find_similar(connection, one) for one in asked]
    assert [codes[:1] for codes in found] == [
        ["spring-26"],
        ["Spring_24"],
        ["spring-26"],
        ["autumn"],
        [],
        [],
        [],
        [],
    ]


async def test_a_check_answers_as_a_lookup_would(connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    answers = [await repository.look_up(connection, name) for name in ("abc", "nope", "a\0b")]
    assert answers == [
        Found(code(code="abc", version=3), affiliate(version=2), program(version=1), "postgres"),
        UNKNOWN_IN_POSTGRES,
        UNKNOWN_IN_POSTGRES,
    ]


async def test_every_constraint_of_the_tables_has_its_sentence(connection: asyncpg.Connection) -> None:
    rows = await connection.fetch(
        "SELECT conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid "
        "WHERE relname IN ('programs', 'affiliates', 'referral_codes') AND contype IN ('c', 'p', 'f') "
        "AND connamespace = current_schema()::regnamespace"
    )
    raised_by_triggers = {"referral_id_reused", "referral_key_kept"}
    assert {row["conname"] for row in rows} == SENTENCES.keys() - raised_by_triggers
