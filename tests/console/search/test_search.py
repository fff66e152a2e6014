"""The search box: from a pasted or typed text to its page."""

import asyncpg
import pytest

from console.search.search import search
from tests.console.builders import NOW, dead_letter, enriched_click, rejected_click, store
from tests.console.running import Console

pytestmark = pytest.mark.servers


async def make_referrals(tables: asyncpg.Connection) -> None:
    await tables.execute(
        "INSERT INTO programs (id, name, target_url, version)"
        " VALUES ('prg_shoes', 'Shoes & Co', 'https://s.example/', 1)"
    )
    await tables.execute("INSERT INTO affiliates (id, name, version) VALUES ('aff_lisbon', 'Lisbon Blog', 1)")
    for code in ("demo", "spring-26", "spring-27", "Winter"):
        await tables.execute(
            "INSERT INTO referral_codes (code, affiliate_id, program_id, version)"
            " VALUES ($1, 'aff_lisbon', 'prg_shoes', 1)",
            code,
        )


async def lead(console: Console, text: str) -> str:
    """Give the path that a text leads to; empty if it leads to a list."""
    async with console.client.get("/search", params={"q": text}, allow_redirects=False) as response:
        return response.headers.get("Location", "")


async def test_what_has_one_page_leads_there(console: Console, tables: asyncpg.Connection) -> None:
    await make_referrals(tables)
    click, rejection = enriched_click(NOW, 1), rejected_click(NOW, 2)
    await store(tables, [click, rejection, dead_letter()])
    page = f"/clicks/{click.click_id}"

    assert [
        await lead(console, text)
        for text in (click.click_id, f"  {click.click_id.lower()}\n", f"{click.click_id}.t1ABCDEFGHJKMNPQRS")
    ] == [page] * 3
    assert await lead(console, rejection.rejection_id) == f"/clicks/{rejection.rejection_id}"
    assert await lead(console, "clicks.raw/3/42") == "/dead-letters/clicks.raw/3/42"
    for text, of in (("demo", "demo"), ("https://go.shop.example/ref/spring-26?sub1=a", "spring-26")):
        assert await lead(console, text) in (f"/codes/{of}", f"/clicks?f.code=is:{of}")
    for text in ("aff_lisbon", "lisbon blog", "AFF_LISBON"):
        assert await lead(console, text) == "/affiliates/aff_lisbon"
    for text in ("prg_shoes", "Shoes & Co"):
        assert await lead(console, text) in ("/programs/prg_shoes", "/clicks?f.program=is:prg_shoes")


async def test_what_may_mean_several_lists_them_and_what_nearly_matches_is_offered(
    console: Console, tables: asyncpg.Connection
) -> None:
    await make_referrals(tables)
    paths = frozenset({"/affiliates/{affiliate_id}"})

    many = await search(console.environment, "spring", paths)
    other_case = await search(console.environment, "DEMO", paths)
    typo = await search(console.environment, "spirng-26", paths)
    nothing = await search(console.environment, "zzzzzz", paths)

    assert [(one.kind, one.id) for one in many.matches] == [("code", "spring-26"), ("code", "spring-27")]
    assert ([one.id for one in other_case.near], other_case.matches) == (["demo"], ())
    assert "spring-26" in [one.id for one in typo.near]
    assert (nothing.matches, nothing.near, nothing.address) == ((), (), "")


async def test_a_click_that_is_not_there_explains_itself(console: Console, tables: asyncpg.Connection) -> None:
    await store(tables, [])

    page = await console.read("/search?q=01KAT301V8C3Q9GZ2F5B7N4M6P")

    assert "No such click" in page
    assert "Its id says" in page


@pytest.mark.parametrize("text", ["", "   ", "%", "_", "\0", "<script>alert(1)</script>", "x" * 5000, "7" + "Z" * 25])
async def test_nothing_and_nonsense_are_answered(console: Console, text: str) -> None:
    async with console.client.get("/search", params={"q": text}) as response:
        page = await response.text()

    assert response.status == 200
    assert "<script>alert" not in page
