import pytest

from simulate.traces.labels import InvalidTrace, read_clicks, write_clicks
from tests.simulate.traces.builders import labelled


@pytest.mark.parametrize("name", ["office", "mail-gateway", "attack"])
def test_what_is_written_is_read_again(name: str) -> None:
    assert list(read_clicks(write_clicks(labelled(name)))) == list(labelled(name))


def test_a_request_without_a_click_has_a_label_and_no_click() -> None:
    heads = [one for one in labelled("mail-gateway") if one.click is None]
    assert heads
    assert {(one.label.who, one.label.click_id, one.label.is_unique) for one in heads} == {("machine", None, False)}


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda _: b"oops\n", "line 2 is no request of a trace: JSON is malformed"),
        (lambda line: line.replace(b'"person"', b'"ghost"'), "line 2 is no request of a trace: Invalid enum value"),
        (lambda line: line.replace(b'"schema_version":"1', b'"schema_version":"9'), "line 2 has no raw click: schema"),
        (lambda line: line.replace(b'"cookie_state"', b'"x"'), "line 2 has no raw click: Object missing required"),
    ],
)
def test_a_line_that_is_none_is_named(spoil: object, says: str) -> None:
    assert callable(spoil)
    lines = list(write_clicks(labelled("office")))[:3]
    lines[1] = spoil(lines[1])
    with pytest.raises(InvalidTrace, match=says):
        list(read_clicks(lines))
