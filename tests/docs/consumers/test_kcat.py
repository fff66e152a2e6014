"""The sample with kcat: Debian's package `kcat` brings it."""

import shutil

import pytest

from tests.docs.consumers.programs import SAMPLES, assert_all, printed_with_headers, run
from tests.docs.consumers.topics import Topics

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(shutil.which("kcat") is None, reason="there is no kcat: apt-get install kcat"),
]


async def test_kcat_reads_every_record_in_the_order_of_its_key(topics: Topics) -> None:
    ended = await run(topics, "sh", SAMPLES / "kcat_reader.sh")

    assert (ended.code, ended.errors) == (0, "")
    assert_all(topics, printed_with_headers(ended.output, sign="=", no_key=""))
