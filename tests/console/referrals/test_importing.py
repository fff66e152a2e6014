"""The import in the console: shown before, all or nothing, twice is once."""

import io
import re

import asyncpg
import pytest

from tests.console.referrals.test_pages import FILL
from tests.console.running import Console

pytestmark = pytest.mark.servers

FILE = "code,affiliate_id,program_id,affiliate_name\nnew-1,ann,bikes,\nnew-2,carla,bikes,Carla\none,bob,bikes,\n"


@pytest.fixture
async def filled(tables_console: Console, tables: asyncpg.Connection) -> Console:
    await tables.execute(FILL)
    return tables_console


async def send(console: Console, action: str, body: str, options: str = "update=1") -> tuple[int, str]:
    headers = {"X-CSRF-Token": await console.read_csrf(), "Content-Type": "text/csv"}
    async with console.client.post(
        f"/parts/import/{action}?{options}", data=io.BytesIO(body.encode()), headers=headers
    ) as response:
        return response.status, await response.text()


async def count(tables: asyncpg.Connection) -> int:
    number: int = await tables.fetchval("SELECT count(*) FROM referral_codes")
    return number


async def test_the_preview_does_nothing_and_says_what_would_be_done(
    filled: Console, tables: asyncpg.Connection
) -> None:
    status, page = await send(filled, "preview", FILE)

    assert (status, await count(tables)) == (200, 3)
    assert "<b>2</b> new codes" in page
    assert "<b>1</b> changed" in page
    assert "<b>1</b> new affiliate" in page
    assert "Import 3 codes" in page


async def test_a_column_without_a_name_is_called_so(filled: Console) -> None:
    _, page = await send(filled, "preview", "code,,affiliate_id,program_id\nnew-1,x,ann,bikes\n")

    assert '<label for="column-2"><bdi>(without a name)</bdi></label>' in page


async def test_a_file_imported_twice_changes_nothing_more(filled: Console, tables: asyncpg.Connection) -> None:
    first = await send(filled, "run", FILE)
    second = await send(filled, "run", FILE)
    preview = await send(filled, "preview", FILE)

    assert (first[0], second[0], await count(tables)) == (200, 200, 5)
    assert "<b>3</b> as they are" in second[1]
    assert "Nothing would change" in preview[1]
    assert await tables.fetchval("SELECT count(*) FROM audit_log WHERE action = 'code.import'") == 1


async def test_one_wrong_line_imports_nothing_and_every_wrong_line_is_named(
    filled: Console, tables: asyncpg.Connection
) -> None:
    wrong = "code,affiliate_id,program_id\nfine,ann,bikes\nbad code,ann,bikes\nother,nobody,bikes\n"
    status, page = await send(filled, "run", wrong)

    assert (status, await count(tables)) == (422, 3)
    assert "2 lines are wrong" in page
    assert "nobody" in page


async def test_a_file_may_be_larger_than_a_form_but_not_endless(filled: Console) -> None:
    rows = "".join(f"row-{number},ann,bikes\n" for number in range(3000))
    large = await send(filled, "preview", f"code,affiliate_id,program_id\n{rows}")
    endless = await send(filled, "preview", "x" * (5 * 1024 * 1024 + 1))

    assert (large[0], "<b>3,000</b> new codes" in large[1]) == (200, True)
    assert endless[0] == 413


async def test_an_import_may_take_longer_than_other_statements(filled: Console, tables: asyncpg.Connection) -> None:
    await tables.execute(
        "CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_sleep(3.5); RETURN NEW; END';"
        "CREATE TRIGGER slow BEFORE INSERT ON referral_codes FOR EACH ROW EXECUTE FUNCTION be_slow()"
    )
    status, _ = await send(filled, "run", "code,affiliate_id,program_id\nnew-1,ann,bikes\n")

    assert (status, await count(tables)) == (200, 4)


async def test_without_the_sessions_token_nothing_is_imported(filled: Console, tables: asyncpg.Connection) -> None:
    async with filled.client.post("/parts/import/run", data=FILE, headers={"Content-Type": "text/csv"}) as response:
        assert response.status in (403, 415)
    assert await count(tables) == 3


async def test_columns_of_other_names_are_mapped(filled: Console, tables: asyncpg.Connection) -> None:
    file = "Code;Partner;Shop;Colour\nnew-1;ann;bikes;red\n"
    unclear = await send(filled, "preview", file)
    mapped = "update=1&column.partner=affiliate_id&column.shop=program_id&column.colour="
    clear = await send(filled, "run", file, mapped)

    assert unclear[0] == 422
    assert re.findall(r'data-column="(\w+)"', unclear[1]) == ["code", "partner", "shop", "colour"]
    assert clear[0] == 200
    assert await tables.fetchrow("SELECT affiliate_id, program_id FROM referral_codes WHERE code = 'new-1'") == (
        "ann",
        "bikes",
    )
