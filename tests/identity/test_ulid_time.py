from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.ulid import make_ulid
from identity.ulid_time import ulid_time
from tests.identity.builders import MODEST
from tests.identity.test_ulid import NOT_CANONICAL


@MODEST
@given(st.integers(0, 253_402_300_799_999))
def test_the_time_comes_back_to_the_millisecond(now_ms: int) -> None:
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=now_ms)

    assert ulid_time(make_ulid(now_ms, bytes(16))) == expected


@pytest.mark.parametrize("text", NOT_CANONICAL)
def test_a_text_that_is_no_canonical_ulid_has_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="canonical"):
        ulid_time(text)


def test_a_time_after_the_year_9999_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="9999"):
        ulid_time("7" + "Z" * 25)
