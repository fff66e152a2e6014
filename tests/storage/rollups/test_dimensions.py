"""The numbers of dimensions are in tables: they are unique and in order, and no pair is the wrong way round."""

from storage.rollups.dimensions import CUT, DIMENSIONS, PAIRED, PAIRS, TOTAL


def test_each_dimension_has_a_number_of_its_own() -> None:
    numbers = [dimension.number for dimension in DIMENSIONS.values()]
    assert numbers == sorted(set(numbers))
    assert TOTAL not in numbers


def test_a_pair_names_the_dimension_with_the_lower_number_first() -> None:
    assert all(first.number < second.number for first, second in PAIRS)
    assert set(CUT) <= set(PAIRED) <= set(DIMENSIONS)
