"""The new name of an erased click."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from identity.ulid_time import ulid_time
from storage.erasure.clicks import make_name


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)), st.integers(-90, 90))  # noqa: DTZ001 - the zone is given
def test_a_new_name_is_of_the_same_minute_and_not_after_the_row(clicked_at: datetime, seconds: int) -> None:
    stored_at = max(clicked_at + timedelta(seconds=seconds), datetime(1970, 1, 1, tzinfo=UTC))
    new_id, new_at = make_name(clicked_at, stored_at)

    assert new_at.replace(second=0, microsecond=0) == clicked_at.replace(second=0, microsecond=0)
    assert ulid_time(new_id) == new_at
    assert new_at <= stored_at or stored_at < clicked_at.replace(second=0, microsecond=0) + timedelta(milliseconds=1)
