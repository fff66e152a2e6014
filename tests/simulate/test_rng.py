from random import Random

import pytest

from simulate.rng import Weighted, draw_bits, draw_word


def test_things_are_drawn_by_their_weights() -> None:
    rng = Random(1)
    drawn = [Weighted([("a", 3.0), ("b", 1.0)]).draw(rng) for _ in range(8000)]
    assert 0.7 <= drawn.count("a") / 8000 <= 0.8


def test_what_weighs_nothing_is_never_drawn() -> None:
    assert list(Weighted([("a", 0.0), ("b", 1.0)])) == ["b"]


def test_there_must_be_something_to_draw() -> None:
    with pytest.raises(ValueError, match="Nothing to draw"):
        Weighted([("a", 0.0)])


@pytest.mark.parametrize("bits", [0, 1, 8, 22, 64, 96, 101])
def test_numbers_have_so_many_bits_and_no_more(bits: int) -> None:
    rng = Random(1)
    drawn = [draw_bits(rng, bits) for _ in range(500)]
    assert max(drawn).bit_length() == bits


def test_words_have_their_length() -> None:
    assert len(draw_word(Random(1), 40)) == 40
