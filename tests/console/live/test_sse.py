"""Server-sent events, to the byte."""

from console.live.sse import ask_to_retry_after, frame


def test_an_event_has_a_name_data_and_an_id() -> None:
    assert frame("lines", '{"a":1}', "e-7") == b'id: e-7\nevent: lines\ndata: {"a":1}\n\n'


def test_no_data_can_end_the_event_or_begin_another() -> None:
    assert frame("x", "a\n\nevent: evil\rid: 1\r\nb") == (
        b"event: x\ndata: a\ndata: \ndata: event: evil\ndata: id: 1\ndata: b\n\n"
    )


def test_what_only_python_takes_for_a_line_end_stays_in_its_line() -> None:
    assert frame("x", "a\u2028b\x0bc") == "event: x\ndata: a\u2028b\x0bc\n\n".encode()


def test_a_browser_is_told_when_to_come_again() -> None:
    assert ask_to_retry_after(2000) == b"retry: 2000\n\n"
