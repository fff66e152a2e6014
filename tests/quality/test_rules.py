"""The rules file."""

import msgspec
import pytest

from quality.carriers import CARRIERS
from quality.rules import DEFAULT_RULES, DEFAULTS, RulesError, find_problems, override, read_rules, write_stamp


def file_of(**changes: object) -> bytes:
    return msgspec.json.encode({"name": "acme", "version": "3", "values": {}} | changes)


def test_a_file_changes_what_it_names_and_nothing_else() -> None:
    rules = read_rules(file_of(values={"client_rate_limit_60s": 20}))

    assert rules.values == {**DEFAULTS, "client_rate_limit_60s": 20}
    assert rules.stamp.startswith("acme 3 ")
    assert len(rules.stamp) <= 100


def test_the_stamp_tells_values_apart() -> None:
    stamps = {read_rules(file_of(values={"tor_exit_weight": weight})).stamp for weight in (0, 0.25, 0.5)}

    assert len(stamps) == 3


def test_the_stamp_tells_lists_of_carriers_apart() -> None:
    name, version, _ = DEFAULT_RULES.stamp.split(" ")

    assert write_stamp(name, version, DEFAULTS, reversed(CARRIERS)) == DEFAULT_RULES.stamp
    assert write_stamp(name, version, DEFAULTS, [*CARRIERS, 64496]) != DEFAULT_RULES.stamp
    assert write_stamp(name, version, DEFAULTS, list(CARRIERS)[1:]) != DEFAULT_RULES.stamp


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a rules file: "),
        (b"\xff", "not a rules file: "),
        (b"[]", "not a rules file: Expected `object`, got `array`"),
        (b'{"name": "a", "version": "1"}', "missing required field `values`"),
        (file_of(name="An Acme"), "`$.name`"),
        (file_of(colour="red"), "unknown field `colour`"),
        (file_of(values={"tor_exit_weigth": 0.1}), "no rule has this name; did you mean tor_exit_weight?"),
        (file_of(values={"tor_exit_weight": 1.1}), "tor_exit_weight: 1.1 is not between 0 and 1"),
        (file_of(values={"client_rate_limit_60s": -1}), "client_rate_limit_60s: -1 is not between 0 and 1e+06"),
        (file_of(values={"guard_limit_share": 50}), "guard_limit_share: 50 is not between 0 and 1"),
        (file_of(values={"tor_exit_weight": "much"}), "Expected `float`, got `str`"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(data: bytes, message: str) -> None:
    with pytest.raises(RulesError) as raised:
        read_rules(data)

    assert message in str(raised.value)


def test_all_problems_are_told_at_once() -> None:
    assert len(find_problems({"a": 1, "tor_exit_weight": 2, "vpn_network_weight": 0.1})) == 2


def test_the_defaults_are_valid() -> None:
    assert find_problems(DEFAULTS) == []


def test_without_own_values_a_program_has_the_rules_themselves() -> None:
    assert override(DEFAULT_RULES, None) is DEFAULT_RULES
    assert override(DEFAULT_RULES, {}) is DEFAULT_RULES
