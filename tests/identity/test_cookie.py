from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.cookie import CookieClaims, CookieKeys, OpenedCookie, open_cookie, open_cookies, seal_cookie
from identity.cookie_header import cookie_name
from identity.keys import destroy, init_ring, rotate
from identity.verification import VerificationError
from tests.identity.builders import (
    CLAIMS,
    CLICK_ID,
    DAY_S,
    MODEST,
    NAME,
    NONCE,
    NOW,
    NOW_S,
    OTHER_CLICK_ID,
    active,
    known_ring,
    randomness,
    secret,
)
from tests.identity.reference_implementation import read_cookie, read_cookie_of_1_0, write_base32, write_cookie

KEYS = CookieKeys(known_ring())
VALUE = seal_cookie(KEYS, NAME, CLAIMS, NONCE)
OPENED = OpenedCookie(CLICK_ID, "anna", "shop", NOW_S, NOW_S + 30 * DAY_S, CLICK_ID, "k7")

ids = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=40)
ulids = st.integers(0, 2**128 - 1).map(lambda number: write_base32(number, 26))


@st.composite
def claims(draw: st.DrawFn, program: st.SearchStrategy[str], *times: st.SearchStrategy[int]) -> CookieClaims:
    """Claims of a click that opened the visitor's window, or of one after it, or with no window."""
    click_id = draw(ulids)
    issued_at, expires_at = map(draw, times)
    return CookieClaims(
        click_id, draw(ids), draw(program), issued_at, expires_at, draw(st.sampled_from([click_id, None]) | ulids)
    )


claims_of_now = claims(ids, st.integers(0, NOW_S + 300), st.integers(NOW_S + 1, 2**32 - 1))
nonces = st.binary(min_size=12, max_size=12)


def seal(**changes: object) -> str:
    return seal_cookie(KEYS, NAME, msgspec.structs.replace(CLAIMS, **changes), NONCE)


@MODEST
@given(claims=claims_of_now, nonce=nonces, https=st.booleans(), domain=st.sampled_from([None, "shop.com"]))
def test_a_cookie_is_the_one_the_document_describes_and_comes_back(
    *, claims: CookieClaims, nonce: bytes, https: bool, domain: str | None
) -> None:
    name = cookie_name(claims.program_id, https=https, domain=domain)
    value = seal_cookie(KEYS, name, claims, nonce)
    fields = msgspec.structs.astuple(claims)

    assert value == write_cookie(secret("cookie"), "k7", name, fields, nonce)
    assert read_cookie(secret("cookie"), name, value) == fields
    assert open_cookie(KEYS, name, value, NOW_S) == OpenedCookie(*fields, "k7")
    assert len(f"{name}={value}") <= 287


@MODEST
@given(claims=claims_of_now, nonce=nonces)
def test_a_reader_that_knows_no_lease_reads_the_rest(claims: CookieClaims, nonce: bytes) -> None:
    name = f"__Host-cr-{claims.program_id}"
    read = read_cookie_of_1_0(secret("cookie"), name, seal_cookie(KEYS, name, claims, nonce))

    assert read == msgspec.structs.astuple(claims)[:5]


def test_a_cookie_from_before_leases_opened_its_own_window() -> None:
    old = write_cookie(
        secret("cookie"), "k7", NAME, (CLICK_ID, "anna", "shop", NOW_S, NOW_S + 30 * DAY_S, CLICK_ID), NONCE
    )

    assert old == VALUE
    assert open_cookie(KEYS, NAME, old, NOW_S) == OPENED


def test_the_lease_takes_no_room_in_a_cookie_that_opened_its_own_window() -> None:
    lengths = [len(seal(lease_click_id=lease)) for lease in (CLICK_ID, None, OTHER_CLICK_ID)]

    assert lengths == [len(VALUE), len(VALUE) + 4, len(VALUE) + 36]


times = st.integers(0, 2**32 - 1) | st.integers(NOW_S - 400, NOW_S + 400)
programs = st.sampled_from(["shop", "bags"])


@MODEST
@given(claims=claims(programs, times, times), nonce=nonces, program_id=programs)
def test_a_cookie_that_another_writer_made_is_judged_as_the_document_says(
    claims: CookieClaims, nonce: bytes, program_id: str
) -> None:
    name, fields = f"__Host-cr-{program_id}", msgspec.structs.astuple(claims)
    value = write_cookie(secret("cookie"), "k7", name, fields, nonce)
    expected: OpenedCookie | VerificationError = OpenedCookie(*fields, "k7")
    if claims.program_id != program_id:
        expected = VerificationError("wrong_program")
    elif claims.issued_at > NOW_S + 300:
        expected = VerificationError("from_future")
    elif claims.expires_at <= NOW_S:
        expected = VerificationError("expired")

    assert open_cookie(KEYS, name, value, NOW_S) == expected


@MODEST
@given(st.lists(st.tuples(st.integers(0, 140), st.integers(0, 3), st.text("Aa0-_.=v1k7", max_size=3)), max_size=3))
def test_whatever_is_believed_of_a_changed_cookie_is_what_another_reader_reads_in_it(
    changes: list[tuple[int, int, str]],
) -> None:
    value = VALUE
    for start, length, text in changes:
        value = value[:start] + text + value[start + length :]
    opened = open_cookie(KEYS, NAME, value, NOW_S)

    if value == VALUE:
        assert opened == OPENED
    if isinstance(opened, OpenedCookie):
        assert read_cookie(secret("cookie"), NAME, value) == msgspec.structs.astuple(opened)[:6]
        assert value == VALUE


def test_a_flipped_bit_is_refused_wherever_it_is() -> None:
    for at, bit in product(range(len(VALUE)), range(8)):
        flipped = VALUE[:at] + chr(ord(VALUE[at]) ^ 1 << bit) + VALUE[at + 1 :]
        assert isinstance(open_cookie(KEYS, NAME, flipped, NOW_S), VerificationError)


def test_a_cookie_cut_anywhere_is_refused() -> None:
    for length in range(len(VALUE)):
        assert isinstance(open_cookie(KEYS, NAME, VALUE[:length], NOW_S), VerificationError)


def test_a_key_id_nobody_knows_is_said_to_be_unknown() -> None:
    assert open_cookie(KEYS, NAME, f"v1.zz.{VALUE[6:]}", NOW_S) == VerificationError("unknown_key")


def test_a_cookie_does_not_pass_under_another_key_id() -> None:
    ring = rotate(known_ring(), "cookie", NOW, randomness(1))
    other = active(ring, "cookie").kid

    assert open_cookie(CookieKeys(ring), NAME, f"v1.{other}.{VALUE[6:]}", NOW_S) == VerificationError("forged")


def test_a_cookie_of_another_installation_is_forged() -> None:
    other = msgspec.structs.replace(active(known_ring(), "cookie"), secret=randomness(9, 32))
    ring = msgspec.structs.replace(known_ring(), keys=(other, *known_ring().keys[1:]))

    assert open_cookie(CookieKeys(ring), NAME, VALUE, NOW_S) == VerificationError("forged")


@pytest.mark.parametrize("name", ["__Host-cr-other", "__Secure-cr-shop", "cr-shop", "\udcff", ""])
def test_the_value_of_one_cookie_does_not_pass_as_another(name: str) -> None:
    assert open_cookie(KEYS, name, VALUE, NOW_S) == VerificationError("forged")


def test_a_cookie_that_says_another_program_than_its_name_is_refused() -> None:
    assert open_cookie(KEYS, NAME, seal(program_id="other"), NOW_S) == VerificationError("wrong_program")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "v1",
        "v1.k7.",
        "v1.k7." + "A" * 12,
        "v1.k7." + "A" * 84,
        "v2" + VALUE[2:],
        VALUE + "=",
        VALUE + "AAAA" * 1250,
        f'"{VALUE}"',
        VALUE.replace("v1.", "v1,"),
        "v1.k7." + "\udcff" * 88,
        "v1.k7." + "\u00e9" * 88,
        "\x00" * 130,
    ],
)
def test_what_has_not_the_form_is_malformed(value: str) -> None:
    assert open_cookie(KEYS, NAME, value, NOW_S) == VerificationError("malformed")


@MODEST
@given(st.text(max_size=200) | st.text(max_size=150).map(lambda text: "v1.k7." + text))
def test_any_text_is_answered(value: str) -> None:
    assert isinstance(open_cookie(KEYS, NAME, value, NOW_S), VerificationError)


@pytest.mark.parametrize(
    ("issued_at", "expected"),
    [
        (NOW_S + 300, msgspec.structs.replace(OPENED, issued_at=NOW_S + 300)),
        (NOW_S + 301, VerificationError("from_future")),
        (NOW_S + DAY_S, VerificationError("from_future")),
    ],
)
def test_a_cookie_from_the_future_is_refused_beyond_the_leeway_of_clocks(
    issued_at: int, expected: OpenedCookie | VerificationError
) -> None:
    assert open_cookie(KEYS, NAME, seal(issued_at=issued_at), NOW_S) == expected


@pytest.mark.parametrize(
    ("now_s", "expected"),
    [
        (NOW_S + 30 * DAY_S - 1, OPENED),
        (NOW_S + 30 * DAY_S, VerificationError("expired")),
        (NOW_S + 999 * DAY_S, VerificationError("expired")),
    ],
)
def test_a_cookie_says_nothing_from_its_expiry_on(now_s: int, expected: OpenedCookie | VerificationError) -> None:
    assert open_cookie(KEYS, NAME, VALUE, now_s) == expected


def test_after_rotation_old_cookies_open_and_new_ones_name_the_new_key() -> None:
    ring = rotate(known_ring(), "cookie", NOW, randomness(1))
    keys, kid = CookieKeys(ring), active(ring, "cookie").kid
    opened = open_cookie(keys, NAME, VALUE, NOW_S)
    assert isinstance(opened, OpenedCookie)
    again = seal_cookie(keys, NAME, opened, NONCE)

    assert opened == OPENED
    assert open_cookie(keys, NAME, again, NOW_S) == msgspec.structs.replace(OPENED, kid=kid)


def test_a_destroyed_key_makes_a_new_visitor_and_says_why() -> None:
    ring = destroy(rotate(known_ring(), "cookie", NOW, randomness(1)), "cookie", "k7")

    assert open_cookie(CookieKeys(ring), NAME, VALUE, NOW_S) == VerificationError("destroyed_key")


def test_a_lost_ring_makes_new_visitors_of_all() -> None:
    keys = CookieKeys(init_ring(NOW, randomness(3, 4 * 36)))

    assert open_cookie(keys, NAME, VALUE, NOW_S) == VerificationError("unknown_key")


def test_a_request_without_the_cookie_has_none() -> None:
    assert open_cookies(KEYS, NAME, ["a=b; cr-shop=c", "__Host-cr-shop2=x"], NOW_S) is None
    assert open_cookies(KEYS, NAME, [], NOW_S) is None


FORGED = VALUE[:-1] + ("A" if VALUE[-1] != "A" else "B")
EARLIER = seal(click_id=OTHER_CLICK_ID, affiliate_id="bert", issued_at=NOW_S - 60)
OPENED_EARLIER = OpenedCookie(OTHER_CLICK_ID, "bert", "shop", NOW_S - 60, NOW_S + 30 * DAY_S, CLICK_ID, "k7")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([VALUE, FORGED], OPENED),
        ([FORGED, VALUE], OPENED),
        (["rubbish", VALUE], OPENED),
        ([VALUE, EARLIER], OPENED),
        ([EARLIER, VALUE], OPENED),
        ([EARLIER, FORGED], OPENED_EARLIER),
        ([FORGED, "rubbish"], VerificationError("forged")),
        (["rubbish", FORGED], VerificationError("malformed")),
    ],
)
def test_a_cookie_sent_twice_is_tried_twice_and_never_mixed(
    sent: list[str], expected: OpenedCookie | VerificationError
) -> None:
    one_line = ["; ".join(f"{NAME}={value}" for value in sent)]
    two_lines = [f"other=1; {NAME}={value}" for value in sent]

    assert open_cookies(KEYS, NAME, one_line, NOW_S) == expected
    assert open_cookies(KEYS, NAME, two_lines, NOW_S) == expected


@MODEST
@given(st.lists(st.text(max_size=80) | st.text('=; \t"\\\x00,', max_size=20).map(lambda text: NAME + text), max_size=4))
def test_any_header_is_answered(lines: list[str]) -> None:
    assert not isinstance(open_cookies(KEYS, NAME, lines, NOW_S), OpenedCookie)
