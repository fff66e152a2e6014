"""From the bytes of a connection to pieces for the parser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.reading import PIECE_BYTES, cut_piece, encode_first_line
from tests.examples import examples

HEAD = b"GET /ref/a HTTP/1.1\r\nHost: h\r\n\r\n"


@pytest.mark.parametrize("rest", [b"", HEAD, b"GET"])
def test_a_piece_ends_where_a_request_does(rest: bytes) -> None:
    assert cut_piece(HEAD + rest) == (HEAD, rest)


def test_what_has_no_end_yet_is_read_in_pieces() -> None:
    assert cut_piece(HEAD[:-1]) == (HEAD[:-1], b"")
    assert cut_piece(b"x" * PIECE_BYTES + HEAD) == (b"x" * PIECE_BYTES, HEAD)


@examples(100)
@given(st.lists(st.sampled_from([HEAD, b"x" * 1000, b"\r\n", b"\r"]), max_size=20).map(b"".join))
def test_nothing_is_left_out_and_every_piece_gets_on(received: bytes) -> None:
    pieces, rest = [], received
    while rest:
        piece, rest = cut_piece(rest)
        assert 0 < len(piece) <= PIECE_BYTES
        pieces.append(piece)
    assert b"".join(pieces) == received


@pytest.mark.parametrize(
    ("head", "encoded"),
    [
        ("GET /ref/a?b=ü HTTP/1.1\r\nX: ü\r\n", "GET /ref/a?b=%C3%BC HTTP/1.1\r\nX: ü\r\n"),
        ("HEAD /\u2603%20 HTTP/1.1\r\n", "HEAD /%E2%98%83%20 HTTP/1.1\r\n"),
        ("GET /a HTTP/1.1\r\nGET /ü: x\r\n", "GET /a HTTP/1.1\r\nGET /ü: x\r\n"),
        ("POST /ü HTTP/1.1\r\n", "POST /ü HTTP/1.1\r\n"),
        ("ü", "ü"),
    ],
)
def test_only_the_first_line_of_what_asks_for_a_link_is_encoded(head: str, encoded: str) -> None:
    assert encode_first_line(head.encode()) == encoded.encode()
