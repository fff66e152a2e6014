"""Item 5, and that codes cannot be guessed."""

import math
import re
from pathlib import Path

import pytest

from referrals.admin.ids import CODE_ALPHABET, GENERATED_LENGTH
from tests.ingest.serving import serving
from tests.ingest.wire import ask


@pytest.mark.parametrize(
    "code",
    [
        b"%00",
        b"a%0d%0ab",
        b"a%2fb",
        b"..%2f",
        b"%ff%fe",
        b"x" * 4096,
        b"x" * 65,
        b"../../etc/passwd",
        b"abc123%20",
        b"%2561bc123",
        b"abc123;a",
        b"abc123/x",
        b"",
    ],
)
async def test_item_05_what_cannot_be_a_code_gets_404_and_nobody_is_asked(code: bytes) -> None:
    async with serving() as served:
        answer = await ask(served.port, b"/ref/" + code)
        (rejection,) = (await served.published()).rejections()
        assert served.asked == []
        assert served.answers() == {"rejected": 1}
    assert (answer.status, answer.location) == (404, None)
    assert (rejection.reason, rejection.asked) == ("R101", code.decode()[:128])


def test_also_random_codes_hold_48_bits_or_more_of_unpredictable_randomness() -> None:
    assert len(set(CODE_ALPHABET)) == len(CODE_ALPHABET)
    assert GENERATED_LENGTH * math.log2(len(CODE_ALPHABET)) >= 48
    sources = [path.read_text() for path in (Path(__file__).parents[2] / "cli").rglob("*.py")]
    makers = [maker for source in sources for maker in re.findall(r"make_code\((\S+)\)", source)]
    assert set(makers) == {"secrets.choice"}
