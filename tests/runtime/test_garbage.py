import gc

import pytest

from runtime.garbage import THRESHOLDS, collecting_rarely


def test_cycles_are_searched_for_rarely_in_the_block_and_as_before_after_it() -> None:
    before = gc.get_threshold()
    with collecting_rarely():
        inside = gc.get_threshold()
    assert (inside, gc.get_threshold()) == (THRESHOLDS, before)


def test_a_block_that_raises_leaves_the_thresholds_as_they_were() -> None:
    before = gc.get_threshold()
    with pytest.raises(LookupError), collecting_rarely():
        raise LookupError
    assert gc.get_threshold() == before
