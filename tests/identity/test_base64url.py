import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.base64url import decode_base64url, encode_base64url
from tests.identity.builders import MODEST

triples = st.binary(max_size=60).map(lambda data: data[: len(data) // 3 * 3])


@MODEST
@given(triples)
def test_data_are_written_as_the_standard_library_writes_them_and_come_back(data: bytes) -> None:
    text = encode_base64url(data)

    assert text == base64.urlsafe_b64encode(data).decode()
    assert decode_base64url(text) == data


@MODEST
@given(st.text(max_size=40) | st.text(st.sampled_from("AB-_+/=9z"), max_size=12))
def test_a_text_is_refused_unless_it_is_the_only_one_for_its_data(text: str) -> None:
    data = decode_base64url(text)

    assert data is None or encode_base64url(data) == text


@pytest.mark.parametrize(
    "text", ["A", "AA", "AAA", "AA==", "AAA=", "AA+A", "AA/A", "AA A", "AAAA\n", "\udcffAAA", "é123"]
)
def test_padding_the_other_alphabet_and_rubbish_are_refused(text: str) -> None:
    assert decode_base64url(text) is None
