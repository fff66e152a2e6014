"""The keys of a click are those that judging it writes."""

from datetime import timedelta

from quality.claim_keys import ENTRY_BYTES, EPOCH, list_claims, log_key, verdict_key
from quality.click_ids import pack_id
from quality.memory_store import MemoryStore
from quality.window_visits import KnownHashes, make_visit
from quality.windows import WindowBatch
from tests.sink.builders import NOW, click

CLIENT = "ab" * 16
NET = "cd" * 16


def test_judging_a_click_writes_under_its_keys_and_no_others_that_name_it() -> None:
    one = click(1, cookie_state="absent", previous_click_id=None, unique_basis="address", unique_window_s=3600)
    visit = make_visit(one, KnownHashes(NET, CLIENT), round(NOW.timestamp() * 1000), is_bot=False)
    batch = WindowBatch([visit])
    writes = batch.apply(MemoryStore().read(batch.plan()))

    claims = {claim.key for claim in writes.claims if claim.value == pack_id(one.click_id)}
    assert claims <= set(list_claims(one.program_id, CLIENT, 3600, NOW))
    assert len(claims) == 1
    (append,) = writes.appends
    assert append.key == log_key(NET, NOW)
    assert len(append.entry) == ENTRY_BYTES
    assert append.entry.startswith(pack_id(one.click_id))


def test_the_verdict_of_a_click_has_its_packed_id_in_the_key() -> None:
    assert verdict_key(click(1).click_id) == b"r:" + pack_id(click(1).click_id)


def test_a_window_of_no_length_has_keys_too() -> None:
    keys = list_claims("shop", CLIENT, 0, EPOCH + timedelta(seconds=5))

    assert [key.rpartition(b":")[2] for key in keys] == [b"4", b"5", b"6"]
