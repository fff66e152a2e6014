"""What somebody pasted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urls.codes import is_code
from urls.pasted import Pasted, read_pasted

ID = "01KAV9FT00JCKYZSHQA40QNF51"
TOKEN = f"{ID}.k7TGVZKS5TEHA4AJEB"


@pytest.mark.parametrize(
    "text",
    [
        ID,
        ID.lower(),
        "o1kav9ftOOjckyzshqa4Oqnf5l",
        "OIKAV9FT00JCKYZSHQA40QNF5I",
        f"  {ID}\n",
        f"\ufeff{ID}\u200b",
        f'"{ID}"',
        f"<{ID}>",
        f"\u201c{ID}\u201d,",
        f"{ID}.",
    ],
)
def test_a_click_id_is_read_in_any_case_with_look_alikes_and_with_what_stands_around_it(text: str) -> None:
    pasted = read_pasted(text)

    assert (pasted.click_id, pasted.token) == (ID, None)
    assert pasted.code == (pasted.text if is_code(pasted.text) else None)


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        TOKEN.lower(),
        TOKEN.upper(),
        f" {TOKEN} ",
        f"'{TOKEN}'",
        "o1kav9ft00jckyzshqa40qnf5l.K7tgvzks5teha4ajeb",
        f"https://shop.example/shoes?click={TOKEN}&utm_source=x",
        f"https://shop.example/shoes?click={TOKEN.replace('.', '%2E').lower()}#top",
        f"https://shop.example/{TOKEN}/",
        f"order 17: {TOKEN}.",
    ],
)
def test_a_token_is_read_the_same_way_and_found_in_the_address_it_came_with(text: str) -> None:
    pasted = read_pasted(text)

    assert (pasted.click_id, pasted.token, pasted.code) == (ID, TOKEN, None)


@pytest.mark.parametrize(
    "text",
    [
        f"https://console.example/clicks/{ID}",
        f"console.example/clicks/{ID.lower()}?theme=dark",
        f"genuine: click {ID} of 2025-11-24",
        f"{ID}.k7TGVZKS",
        f"{ID}.k7TGVZKS5TEHA4AJEBX",
    ],
)
def test_an_id_is_found_in_a_longer_text_and_in_a_token_that_was_cut(text: str) -> None:
    pasted = read_pasted(text)

    assert (pasted.click_id, pasted.token, pasted.code) == (ID, None, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("abc123", "abc123"),
        (" Spring-26 ", "Spring-26"),
        ("https://go.shop.example/ref/abc123?sub1=x#y", "abc123"),
        ("go.shop.example/ref/ab%63/", "abc"),
        ("/ref/abc", "abc"),
        (f"https://go.shop.example/ref/{ID.lower()}", ID.lower()),
        (f"https://go.shop.example/ref/abc?sub1={ID}", "abc"),
    ],
)
def test_a_link_gives_its_code_and_nothing_else(text: str, code: str) -> None:
    pasted = read_pasted(text)

    assert (pasted.click_id, pasted.token, pasted.code) == (None, None, code)


def test_an_id_alone_may_be_a_code_too() -> None:
    assert read_pasted(ID.lower()) == Pasted(text=ID.lower(), click_id=ID, code=ID.lower())


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a b",
        "8ZZZZZZZZZZZZZZZZZZZZZZZZZ x",
        f"{ID}0.x",
        f"x {ID[:-1]}U",
        "https://shop.example/",
        "https://[/ref/abc/def",
        "\0",
        "\ud800",
        "é",
    ],
)
def test_what_is_none_of_them_is_nothing(text: str) -> None:
    pasted = read_pasted(text)

    assert (pasted.click_id, pasted.token, pasted.code) == (None, None, None)


@given(st.text(st.characters(codec=None), max_size=80) | st.text("0123456789abcOIlU./:?%- ", max_size=80))
def test_no_text_whatever_raises(text: str) -> None:
    read_pasted(text)
