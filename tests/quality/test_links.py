"""The key of a link."""

from quality.links import digest_link


def test_a_link_is_its_code_and_its_parameters_in_any_order() -> None:
    assert digest_link("a", "x=1&y=2") == digest_link("a", "y=2&x=1")
    assert len({digest_link("a", ""), digest_link("b", ""), digest_link("a", "x=1"), digest_link("a", "x=2")}) == 4


def test_a_key_has_the_length_that_is_asked_for() -> None:
    assert [len(digest_link("a", "x=1", size)) for size in (4, 16)] == [4, 16]
