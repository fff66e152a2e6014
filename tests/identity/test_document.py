"""docs/identity.md: its known answers, read by our code and by the second reading."""

import json
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from ulid import ULID

from identity.cookie import CookieClaims, CookieKeys, OpenedCookie, open_cookie, seal_cookie
from identity.ip import IpHashKeys, IpSealKeys, hash_ip, open_ip, seal_ip
from identity.probe_link import make_test_proof, verify_test_proof
from identity.token import ProgramKey, TokenKeys, export_keys, make_token, verify_token
from identity.ulid_time import ulid_time
from tests.identity import reference_implementation
from tests.identity.builders import NONCE, known_ring, secret

DOCUMENT = Path(__file__).parents[2] / "docs" / "identity.md"
RING = known_ring()


def known_answers(form: str) -> list[dict[str, Any]]:
    text = DOCUMENT.read_text(encoding="utf-8").partition("```json\n")[2].partition("```")[0]
    return [answer for answer in json.loads(text) if answer["format"] == form]


@pytest.mark.parametrize("answer", known_answers("cookie"), ids=lambda answer: answer["name"][:20])
def test_the_cookies_of_the_document(answer: dict[str, Any]) -> None:
    keys, name, value = CookieKeys(RING), answer["name"], answer["value"]
    fields = tuple(answer[field] for field in CookieClaims.__struct_fields__)

    assert seal_cookie(keys, name, CookieClaims(*fields), NONCE) == value
    assert open_cookie(keys, name, value, answer["issued_at"]) == OpenedCookie(*fields, "k7")
    assert reference_implementation.read_cookie(secret("cookie"), name, value) == fields


@pytest.mark.parametrize("answer", known_answers("token"), ids=lambda answer: answer["token"])
def test_the_token_of_the_document(answer: dict[str, Any]) -> None:
    keys, click_id, program_id = TokenKeys(RING), answer["click_id"], answer["program_id"]
    program_key = reference_implementation.derive_program_key(secret("token"), program_id)

    assert make_token(keys, click_id, program_id) == answer["token"]
    assert verify_token(keys, answer["token"], program_id) == click_id
    assert export_keys(RING, program_id) == [ProgramKey("k7", "active", answer["program_key"])]
    assert reference_implementation.write_base64url(program_key) == answer["program_key"]
    assert reference_implementation.write_token(program_key, "k7", click_id) == answer["token"]


@pytest.mark.parametrize("answer", known_answers("test_link"), ids=lambda answer: answer["proof"])
def test_the_test_link_of_the_document(answer: dict[str, Any]) -> None:
    keys, code, expires_at = TokenKeys(RING), answer["code"], answer["expires_at"]

    assert make_test_proof(keys, code, expires_at) == answer["proof"]
    assert verify_test_proof(keys, code, answer["proof"], expires_at - 1) == expires_at
    assert reference_implementation.write_test_proof(secret("token"), "k7", code, expires_at) == answer["proof"]


@pytest.mark.parametrize("answer", known_answers("ip_sealed"), ids=lambda answer: answer["ip"])
def test_the_sealed_addresses_of_the_document(answer: dict[str, Any]) -> None:
    keys, click_id, address = IpSealKeys(RING), answer["click_id"], ip_address(answer["ip"])

    assert seal_ip(keys, address.packed, click_id, NONCE) == answer["sealed"]
    assert open_ip(keys, answer["sealed"], click_id) == address
    assert reference_implementation.read_sealed_ip(secret("ip_seal"), click_id, answer["sealed"]) == address.packed


@pytest.mark.parametrize("answer", known_answers("ip_hash"), ids=lambda answer: answer["ip"])
def test_the_hashes_of_the_document(answer: dict[str, Any]) -> None:
    packed = ip_address(answer["ip"]).packed

    assert hash_ip(IpHashKeys(RING), packed) == ("k7", answer["hash"])
    assert reference_implementation.write_ip_hash(secret("ip_hash"), packed) == answer["hash"]


@pytest.mark.parametrize("answer", known_answers("ulid"), ids=lambda answer: answer["click_id"])
def test_the_click_id_of_the_document(answer: dict[str, Any]) -> None:
    click_id = answer["click_id"]

    assert (ulid_time(click_id).isoformat(), ULID.from_str(click_id).hex) == (answer["time"], answer["bytes"])
    assert reference_implementation.read_ulid_time(click_id) == ulid_time(click_id)


def test_the_document_has_answers_of_every_format() -> None:
    counts = {
        form: len(known_answers(form)) for form in ("cookie", "token", "test_link", "ip_sealed", "ip_hash", "ulid")
    }

    assert counts == {"cookie": 5, "token": 1, "test_link": 1, "ip_sealed": 2, "ip_hash": 2, "ulid": 1}
