"""Operators' lists of networks."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enricher.rules.networks import LISTED_KINDS
from enricher.steps.network import Claim
from enricher.steps.network_list import ParsedList, read_list

X4BNET = """1.2.3.0/24
5.6.7.8/32
2001:db8:7::/48
"""
ASNS = """AS64496 # Example Hosting GmbH
AS64511 # Another
"""
OWN = """# Offices of our partner
# kind: gateway
# provider: Example Ltd
# certainty: certain

192.0.2.0/24      ; the office
as64500           # their system
192.0.2.7
"""


def parsed(text: str, kind: str | None = "vpn") -> ParsedList:
    made = read_list(text, "list 1", kind)
    assert isinstance(made, ParsedList), made
    return made


def kinds_of(made: ParsedList, address: str, asn: int | None = None) -> list[str]:
    return [claim.kind for claim in made.networks.find_claims(ip_address(address), asn)]


def test_a_list_of_ranges_is_read() -> None:
    made = parsed(X4BNET)

    found = [kinds_of(made, address) for address in ("1.2.3.255", "5.6.7.8", "5.6.7.9", "2001:db8:7:1::")]
    assert found == [["vpn"], ["vpn"], [], ["vpn"]]
    assert made.refused == []


def test_a_list_of_systems_is_read() -> None:
    made = parsed(ASNS, "hosting")

    assert [kinds_of(made, "8.8.8.8", asn) for asn in (64496, 64511, 64497, None)] == [["hosting"], ["hosting"], [], []]


def test_a_list_says_what_it_is_in_its_first_comments() -> None:
    made = parsed(OWN, None)
    expected = Claim(kind="gateway", certainty="certain", provider="Example Ltd", label="list 1")

    assert list(made.networks.find_claims(ip_address("192.0.2.9"), 64500)) == [expected, expected]


def test_the_setting_overrides_the_kind_that_a_list_says() -> None:
    assert kinds_of(parsed(OWN, "relay"), "192.0.2.9") == ["relay"]


def test_a_comment_after_the_first_entry_says_nothing_of_the_list() -> None:
    assert kinds_of(parsed("# kind: vpn\n192.0.2.1\n# kind: tor\n", None), "192.0.2.1") == ["vpn"]


BAD_LINES = {
    "10.0.0.300": "is neither a range of addresses nor an AS number",
    "example.com": "is neither a range of addresses nor an AS number",
    "1.2.3.0/24 5.6.7.0/24": "is neither a range of addresses nor an AS number",
    "AS": "is no AS number",
    "AS0": "is no AS number",
    "AS4294967296": "is no AS number",
    "0.0.0.0/0": "is wider than /8",
    "2000::/3": "is wider than /16",
}


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_line_that_cannot_be_read_is_refused_with_its_number_and_the_others_are_used(line: str) -> None:
    made = parsed(f"# the first line\n192.0.2.1\n{line}\n192.0.2.3\n")

    assert made.refused == [f"line 3 ({line!r}) {BAD_LINES[line]}"]
    assert [kinds_of(made, f"192.0.2.{number}") for number in (1, 3)] == [["vpn"], ["vpn"]]


@pytest.mark.parametrize(
    ("text", "kind", "problem"),
    [
        ("", "vpn", "it has no entry"),
        ("# only\n\n; comments\n", "vpn", "it has no entry"),
        ("<html>\n", "vpn", "none of its lines can be used: line 1 ('<html>') is neither a range of addresses nor"),
        ("192.0.2.1\n", None, "it does not say its kind: name it as kind=path in the setting, or in a first line"),
        ("# kind: vps\n192.0.2.1\n", None, "its kind 'vps' is none of relay, mail_security, gateway, tor, vpn, "),
        ("# certainty: sure\n192.0.2.1\n", "vpn", "its certainty 'sure' is neither `certain` nor `probable`"),
    ],
)
def test_a_list_of_which_nothing_can_be_used_is_refused_with_the_reason(
    text: str, kind: str | None, problem: str
) -> None:
    refused = read_list(text, "list 1", kind)

    assert isinstance(refused, str)
    assert refused.startswith(problem)


def test_of_many_bad_lines_the_first_are_shown() -> None:
    refused = read_list("x\n" * 100, "list 1", "vpn")

    assert isinstance(refused, str)
    assert refused.endswith("line 5 ('x') is neither a range of addresses nor an AS number, and 95 more")


@given(st.text(alphabet="0123456789./:aAsS#;= kind\nvp\t\r", max_size=200), st.none() | st.sampled_from(LISTED_KINDS))
def test_any_text_is_a_list_or_a_sentence_about_it(text: str, kind: str | None) -> None:
    made = read_list(text, "list 1", kind)

    assert isinstance(made, (str, ParsedList))
