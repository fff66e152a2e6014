import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.csv_rows import CodeRow, LineError, read_rows

NO_MACRO = (
    "there is no macro {clickid}, only {click_id}, {click_token}, {code}, {affiliate_id}, {program_id}, "
    "{sub1}, {sub2}, {sub3}, {sub4}, {sub5}, {external_id}; braces that are no macro are written %7B and %7D"
)
HEADER = "code,affiliate_id,program_id"
ALL = "code,affiliate_id,program_id,status,target_url,affiliate_name"


def test_rows_carry_their_lines_and_what_was_left_out() -> None:
    text = f"{ALL}\na,ann,shop,,,\n\nb,bob,shop,paused,https://x/é,Bob\n".replace("é", "e")
    assert read_rows(text.encode()) == [
        CodeRow(2, "a", "ann", "shop", "active", None, None),
        CodeRow(4, "b", "bob", "shop", "paused", "https://x/e", "Bob"),
    ]


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_columns_may_stand_in_any_order_and_lines_end_in_any_way(start: str, end: str) -> None:
    text = start + end.join(["program_id,code,affiliate_id", "shop,a,ann", "shop,b,ann"])
    rows = read_rows(text.encode())
    assert [row[:4] for row in rows] == [(2, "a", "ann", "shop"), (3, "b", "ann", "shop")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a b,ann,shop,,,", "code 'a b': a code is 1 to 64 of the characters A-Z, a-z, 0-9, _ and -"),
        (",ann,shop,,,", "code '': a code is 1 to 64 of the characters A-Z, a-z, 0-9, _ and -"),
        ("a,Ann,shop,,,", "affiliate_id 'Ann': an id is 1 to 40 of the characters a-z, 0-9, _ and -"),
        ("a,ann,sh op,,,", "program_id 'sh op': an id is 1 to 40 of the characters a-z, 0-9, _ and -"),
        ("a,ann,shop,gone,,", "status 'gone': a status is active or paused"),
        ("a,ann,shop,,https://x/{clickid},", f"target_url: {NO_MACRO}"),
        ("a,ann,shop,,javascript:x,", "target_url: a target starts with http:// or https://"),
        ("a,ann,shop,, https://x,", "target_url: a target holds no white space: write %20"),
        ("a,ann,shop,,,A\x1b[2Jnn", "affiliate_name: a name is 1 to 200 characters on one line"),
        ("a,ann,shop", "3 cells, and the header has 6"),
        ("a,ann,shop,,,,", "7 cells, and the header has 6"),
        ("first,ann,shop,,,", "code 'first' stands on line 2 already"),
        ("a,ann,shop,,,Bob", "affiliate 'ann' is called 'Ann' on line 2"),
    ],
)
def test_a_wrong_line_is_named_with_its_reason(line: str, reason: str) -> None:
    text = f"{ALL}\nfirst,ann,shop,,,Ann\n{line}\n"
    assert read_rows(text.encode()) == [LineError(3, reason)]


def test_all_wrong_lines_are_named_in_order() -> None:
    text = f"{HEADER}\n?,ann,shop\na,ann,shop\na,?,?\na,ann,shop\n"
    assert [error.line for error in read_rows(text.encode())] == [2, 4, 4, 5]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", LineError(1, f"the header needs {HEADER.replace(',', ', ')}")),
        (b"a,ann,shop\n", LineError(1, "code is missing")),
        (b"code,affiliate_id,program_id,target\n", LineError(1, "the header has 'target', which is none of")),
        (b"code,affiliate_id,program_id,code\n", LineError(1, "the header has a column twice")),
        (b"code,affiliate_id,program_id\n", LineError(1, "there are no codes below the header")),
        (b"code,affiliate_id,program_id\na,ann,shop\n\xff,ann,shop\n", LineError(3, "not UTF-8")),
        (b'code,affiliate_id,program_id\n"a,ann,shop\n', LineError(2, "not CSV: unexpected end of data")),
        (b'code,affiliate_id,program_id\n"a"b,ann,shop\n', LineError(2, "not CSV: ',' expected after '\"'")),
        (b"code,affiliate_id,program_id\na," + b"x" * 200_000 + b",shop", LineError(2, "not CSV: field larger than")),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_told_by_one_line(data: bytes, error: LineError) -> None:
    (only,) = read_rows(data)
    assert isinstance(only, LineError)
    assert (only.line, error.reason in only.reason) == (error.line, True)


def test_a_record_over_several_lines_is_named_by_its_first() -> None:
    text = f'{HEADER}\n"a\n\nb",ann,shop\na,?,shop\n'
    assert [error.line for error in read_rows(text.encode())] == [2, 5]


@given(st.binary(max_size=200).map(f"{ALL}\n".encode().__add__))
def test_no_bytes_whatever_raise(data: bytes) -> None:
    rows = read_rows(data)
    assert rows
    assert {type(row) for row in rows} <= {CodeRow} or {type(row) for row in rows} == {LineError}
