"""Where an id is found in the bytes of a dead letter."""

from base64 import b64encode

from hypothesis import given
from hypothesis import strategies as st

from storage.erasure.traces import make_needles
from tests.storage.erasure.builders import FIRST


@given(st.binary(max_size=7), st.binary(max_size=7))
def test_an_id_is_found_in_base64_wherever_it_stands(before: bytes, after: bytes) -> None:
    encoded = b64encode(before + FIRST.click_id.encode() + after)

    assert any(needle in encoded for needle in make_needles([FIRST.click_id])[1:])
