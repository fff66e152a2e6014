import pytest

from simulate.traces.click_cookies import ClickCookie, CookieBook
from simulate.traces.model import Actor

ANNA = Actor("anna", "person", "reader")
BOT = Actor("bot", "machine", "burst", keeps_cookies=False)
DAY_MS = 86_400_000


@pytest.fixture
def book() -> CookieBook:
    return CookieBook(86_400)


def visit(book: CookieBook, actor: Actor, at_ms: int, click_id: str) -> tuple[ClickCookie | None, bool]:
    brought = book.find(actor, at_ms)
    book.keep(actor, at_ms, click_id)
    return brought, book.is_unique(actor, at_ms)


def test_the_first_click_has_no_cookie_and_is_unique(book: CookieBook) -> None:
    assert visit(book, ANNA, 0, "a") == (None, True)


def test_a_later_click_brings_the_latest_click_and_the_one_that_opened_the_window(book: CookieBook) -> None:
    visit(book, ANNA, 0, "a")
    assert visit(book, ANNA, 1000, "b") == (ClickCookie("a", "a"), False)
    assert visit(book, ANNA, 2000, "c") == (ClickCookie("b", "a"), False)


def test_a_second_tap_leaves_before_the_cookie_arrived(book: CookieBook) -> None:
    visit(book, ANNA, 0, "a")
    assert visit(book, ANNA, 149, "b") == (None, False)
    assert visit(book, ANNA, 200, "c") == (ClickCookie("a", "a"), False)


def test_after_the_window_a_click_opens_the_next(book: CookieBook) -> None:
    visit(book, ANNA, 0, "a")
    assert visit(book, ANNA, DAY_MS - 1000, "b") == (ClickCookie("a", "a"), False)
    assert visit(book, ANNA, DAY_MS, "c") == (ClickCookie("b", "a"), True)
    assert visit(book, ANNA, DAY_MS + 1000, "d") == (ClickCookie("c", "c"), False)


def test_a_machine_brings_none_and_is_never_unique(book: CookieBook) -> None:
    assert visit(book, BOT, 0, "a") == (None, False)
    assert visit(book, BOT, 1000, "b") == (None, False)
