import pytest

from referrals.admin.similar_codes import choose_similar, split_folded

CODES = ["spring-26", "spring-24", "Spring_26", "autumn", "abc123", "x", "lO0l"]


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ("sprin-26", ["Spring_26", "spring-26", "spring-24"]),
        ("SPRING-26", ["Spring_26", "spring-26", "spring-24"]),
        ("abc132", ["abc123"]),
        ("ABCl23", ["abc123"]),
        ("loo1", ["lO0l"]),
        ("autumn-sale", ["autumn"]),
        ("nothing-like-it", []),
        ("", []),
    ],
)
def test_the_likeliest_codes_are_offered_first(asked: str, offered: list[str]) -> None:
    assert offered == choose_similar(asked, CODES)


def test_at_most_five_are_offered() -> None:
    assert len(choose_similar("code", [f"code{n}" for n in range(100)])) == 5


@pytest.mark.parametrize("length", range(2, 65))
def test_two_slips_leave_a_part_as_it_was(length: int) -> None:
    code = "".join(chr(ord("a") + n % 26) for n in range(length))
    parts = split_folded(code)
    assert parts is not None
    begin, middle, end, is_complete = parts
    assert (is_complete.startswith(begin), middle in is_complete, is_complete.endswith(end)) == (True, True, True)
    assert len(begin + middle + end) >= length


def test_what_is_too_short_is_like_nothing() -> None:
    assert split_folded("a") is None
