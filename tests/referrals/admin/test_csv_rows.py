import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.admin.csv_file import LineError
from referrals.admin.csv_rows import CodeRow, read_rows

NO_MACRO = (
    "there is no macro {clickid}, only {click_id}, {click_token}, {code}, {affiliate_id}, {program_id}, "
    "{sub1}, {sub2}, {sub3}, {sub4}, {sub5}, {external_id}; braces that are no macro are written %7B and %7D"
)
HEADER = "code,affiliate_id,program_id"
ALL = "code,affiliate_id,program_id,status,target_url,affiliate_name"


def test_rows_carry_their_lines_and_what_was_left_out() -> None:
    text = f"{ALL}\na,ann,shop,,,\n\nb,bob,shop,paused,https://x/é,Bob\n".replace("é", "e")
    file = read_rows(text.encode())
    assert file.rows == [
        CodeRow(2, "a", "ann", "shop", None, None, None),
        CodeRow(4, "b", "bob", "shop", "paused", "https://x/e", "Bob"),
    ]
    assert (file.errors, file.columns) == ([], frozenset(ALL.split(",")))


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_columns_may_stand_in_any_order_and_lines_end_in_any_way(start: str, end: str) -> None:
    text = start + end.join(["program_id,code,affiliate_id", "shop,a,ann", "shop,b,ann"])
    rows = read_rows(text.encode())
    assert [row[:4] for row in rows.rows] == [(2, "a", "ann", "shop"), (3, "b", "ann", "shop")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a b,ann,shop,,,", "code 'a b': a code must be 1 to 64 of the characters A-Z, a-z, 0-9, _ and -"),
        (",ann,shop,,,", "code '': a code must be 1 to 64 of the characters A-Z, a-z, 0-9, _ and -"),
        ("a,Ann,shop,,,", "affiliate_id 'Ann': an id must be 1 to 40 of the characters a-z, 0-9, _ and -"),
        ("a,ann,sh op,,,", "program_id 'sh op': an id must be 1 to 40 of the characters a-z, 0-9, _ and -"),
        ("a,ann,shop,gone,,", "status 'gone': a status must be active, paused or archived"),
        ("a,ann,shop,,https://x/{clickid},", f"target_url: {NO_MACRO}"),
        ("a,ann,shop,,javascript:x,", "target_url: a target starts with http:// or https://"),
        ("a,ann,shop,,https://x/a b,", "target_url: a target holds no white space: write %20"),
        ("a,ann,shop,,,A\x1b[2Jnn", "affiliate_name: a name must be 1 to 200 characters on one line"),
        ("a,ann", "2 cells, but the header has 6"),
        ("a,ann,shop,,,,x", "7 cells, but the header has 6"),
        ('="a",ann,shop,,,', "code '=\"a\"': a code must be 1 to 64 of the characters A-Z, a-z, 0-9, _ and -"),
        ("\udcff,ann,shop,,,", "this line is not UTF-8: save it as CSV UTF-8"),
        ("first,ann,shop,,,", "code 'first' is already on line 2"),
        ("a,ann,shop,,,Bob", "affiliate 'ann' is called 'Ann' on line 2"),
    ],
)
def test_a_wrong_line_is_named_with_its_reason(line: str, reason: str) -> None:
    text = f"{ALL}\nfirst,ann,shop,,,Ann\n{line}\n"
    errors = read_rows(text.encode("utf-8", "surrogateescape")).errors
    assert [(error.line, error.reason) for error in errors] == [(3, reason)]


def test_all_wrong_lines_are_named_in_order() -> None:
    text = f"{HEADER}\n?,ann,shop\na,ann,shop\na,?,?\na,ann,shop\n"
    assert [error.line for error in read_rows(text.encode()).errors] == [2, 4, 4, 4, 5]


def test_a_row_with_a_mistake_keeps_what_is_right_in_it() -> None:
    text = f"{ALL}\n?,ann,shop,gone,https://x,Ann\n"
    assert read_rows(text.encode()).rows == [CodeRow(2, None, "ann", "shop", None, "https://x", "Ann")]


ROWS = [CodeRow(2, "a", "ann", "shop", "paused", None, None), CodeRow(3, "b", "ann", "shop", None, None, "Ann; B")]


@pytest.mark.parametrize(
    "text",
    [
        f"{ALL}\na,ann,shop,paused,,\nb,ann,shop,,,Ann; B\n",
        f"{ALL},,\na,ann,shop,paused,,,,\nb,ann,shop,,,Ann; B,,\n",
        f"{ALL}\na,ann,shop,paused\nb,ann,shop,,,Ann; B\n,,,,,\n   \n ,\t, ,,,\n",
        f"{ALL}\n a , ann ,\u00a0shop, paused,,\nb,ann,shop,,,Ann; B\n",
        f'{ALL.replace(",", ";")}\na;ann;shop;paused;;\nb;ann;shop;;;"Ann; B"\n',
        f"{ALL.replace(',', chr(9))}\na\tann\tshop\tpaused\t\t\nb\tann\tshop\t\t\tAnn; B\n",
        ALL.replace("code", '"code"') + '\n"a","ann","shop","paused","",""\n"b",ann,"shop",,"","Ann; B"\n',
        "Code,Affiliate ID,PROGRAM_ID,status,Target URL,affiliate name\na,ann,shop,paused,,\nb,ann,shop,,,Ann; B\n",
    ],
    ids=["plain", "empty end", "blank lines", "spaces", "semicolons", "tabs", "quotes", "names"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_is_read_as_spreadsheets_save_it(text: str, encoding: str, end: str) -> None:
    file = read_rows(text.replace("\n", end).encode(encoding))
    assert (file.errors, file.rows) == ([], ROWS)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_first_line_may_say_what_separates_and_lines_are_counted_with_it(end: str) -> None:
    text = end.join(["sep=|", "code|affiliate_id|program_id", "a|ann|shop", "", "?|ann|shop"])
    file = read_rows(text.encode())
    assert ([row[:2] for row in file.rows], [error.line for error in file.errors]) == ([(3, "a"), (5, None)], [5])


def test_blank_lines_above_the_header_are_passed_over() -> None:
    file = read_rows(f"\n , ,\n{HEADER}\na,ann,shop\n".encode())
    assert [row[:4] for row in file.rows] == [(4, "a", "ann", "shop")]


def test_what_was_read_before_the_file_breaks_is_looked_at_too() -> None:
    text = f'{HEADER}\n?,ann,shop\na,ann,shop\n"b,ann,shop\n'
    assert [error.line for error in read_rows(text.encode()).errors] == [2, 4]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", LineError(1, "the file is empty")),
        (b" \n,,\n", LineError(1, "the file is empty")),
        (b"x", LineError(1, f"the header needs {HEADER.replace(',', ', ')}")),
        (b"PK\x03\x04...", LineError(1, "this is a spreadsheet or an archive, not CSV: save it as CSV UTF-8")),
        (b"c\0o\0d\0e\0", LineError(1, "this is UTF-16 without a byte order mark, or not text: save it as CSV UTF-8")),
        (
            b"\xff\xfe\x00",
            LineError(1, "this has the byte order mark of UTF-16 but is not UTF-16: save it as CSV UTF-8"),
        ),
        (b"a,ann,shop\n", LineError(1, "it lacks code")),
        (b"code,affiliate_id,program_id,target\n", LineError(1, "the header has 'target', which is not one of")),
        (b"code,affiliate_id,program_id,code\n", LineError(1, "the header has a column twice")),
        (b"code,affiliate_id,program_id\n", LineError(1, "there are no codes below the header")),
        (b"code,affiliate_id,program_id\na,ann,shop\n\xff,ann,shop\n", LineError(3, "this line is not UTF-8")),
        (b'code,affiliate_id,program_id\n"a,ann,shop\n', LineError(2, "unexpected end of data")),
        (
            b'code,affiliate_id,program_id\n"a"b,ann,shop\n',
            LineError(2, "',' expected after '\"'"),
        ),
        (
            b"code,affiliate_id,program_id\na," + b"x" * 200_000 + b",shop",
            LineError(2, "field larger than"),
        ),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_told_by_one_line(data: bytes, error: LineError) -> None:
    (only,) = read_rows(data).errors
    assert (only.line, error.reason in only.reason) == (error.line, True)


def test_a_record_over_several_lines_is_named_by_its_first() -> None:
    text = f'{HEADER}\n"a\n\nb",ann,shop\na,?,shop\n'
    assert [error.line for error in read_rows(text.encode()).errors] == [2, 5]


@given(st.binary(max_size=200).map(f"{ALL}\n".encode().__add__) | st.binary(max_size=200))
def test_no_bytes_whatever_raise(data: bytes) -> None:
    file = read_rows(data)
    assert file.rows or file.errors
