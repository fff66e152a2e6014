"""The YAML that we write is read by a parser as what was written."""

from typing import Any

import pytest
import yaml

from schemas.asyncapi.yaml_text import write_yaml


@pytest.mark.parametrize(
    "value",
    [
        {"a": [{"b": "c: 'd'", "e": ["f", "g"]}, {"h": {"i": 1}}], "j": "ü"},
        {"empty": {}, "list": [], "inside": [{}, []], "none": None, "number": 1.5, "flag": False},
        {"null": 1, "on": 2, "Yes": 3, "1.0": 4, "a b": 5, "^x$": 6, "- c": 7, "": 8, "$ref": 9, "cleanup.policy": 10},
        [{"a": 1}, [{"b": 2}, {"c": [3]}], "d"],
        {"text": 'a\nb "c" \\ # d \t \u2028 \x7f \U0001f44d'},
    ],
)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert yaml.safe_load("\n".join(write_yaml(value))) == value


def test_objects_and_lists_of_them_are_blocks_and_lists_of_words_are_lines() -> None:
    written = list(write_yaml({"a": [{"b": "c", "e": ["f", "g"]}], "j": "ü"}))

    assert written == ["a:", '  - b: "c"', '    e: ["f", "g"]', 'j: "ü"']
