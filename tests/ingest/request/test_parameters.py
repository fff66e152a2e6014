"""What the visited link carries in its query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.request.parameters import AD_IDS, NO_PARAMETERS, SUBS, Parameters, read_parameters
from schemas import Utm
from schemas.fields import AD_ID_CAP, SUB_CAP, UTM_CAP
from tests.ingest.builders import MODEST
from urls.queries import MAX_PARAMETERS


def test_an_empty_query_carries_nothing() -> None:
    assert read_parameters("") == NO_PARAMETERS


def test_sub_ids_utm_fields_and_ad_ids_are_read_and_the_rest_is_left_alone() -> None:
    query = (
        "sub1=mail&sub5=x%20y&external_id=E+1&utm_source=news&utm_content=b&gclid=G1&fbclid=F1&page=7&sub6=no&utm_id=3"
    )
    assert read_parameters(query) == Parameters(
        {"sub1": "mail", "sub5": "x y", "external_id": "E 1"},
        Utm(source="news", content="b"),
        {"gclid": "G1", "fbclid": "F1"},
    )


def test_parameters_behind_an_ampersand_in_html_are_read() -> None:
    assert read_parameters("sub1=a&amp;utm_source=b&amp;amp;gclid=c&AMP;sub2=d;e") == Parameters(
        {"sub1": "a", "sub2": "d;e"}, Utm(source="b"), {"gclid": "c"}
    )


@pytest.mark.parametrize("name", sorted(AD_IDS))
def test_every_known_ad_id_is_read(name: str) -> None:
    assert read_parameters(f"{name}=1").ad_ids == {name: "1"}


@pytest.mark.parametrize(
    ("query", "subs"),
    [
        ("SUB1=a&sub1=b", {"sub1": "a"}),
        ("sub1=&sub1=b", {"sub1": "b"}),
        ("sub1=x%00y", {"sub1": "xy"}),
        ("sub1=%0d%0aX", {"sub1": "X"}),
        ("sub1=%ff%fe", {"sub1": "\ufffd\ufffd"}),
        ("sub1=\udcff", {"sub1": "\ufffd"}),
        ("sub1=%ED%A0%80", {"sub1": "\ufffd\ufffd\ufffd"}),
        ("sub1=%zz&sub2=%", {"sub1": "%zz", "sub2": "%"}),
        ("sub1=a;sub2=b", {"sub1": "a;sub2=b"}),
        ("sub1[]=a&sub%31=b&&&=&=x", {"sub1": "b"}),
        ("sub1=é", {"sub1": "é"}),
    ],
)
def test_the_first_of_a_name_counts_and_its_value_is_cleaned(query: str, subs: dict[str, str]) -> None:
    assert read_parameters(query).subs == subs


def test_a_value_beyond_its_cap_is_cut_and_named() -> None:
    query = f"sub1={'a' * 200}&utm_term={'b' * 200}&gclid={'c' * 300}&sub2=short"
    read = read_parameters(query)
    assert read == Parameters(
        {"sub1": "a" * SUB_CAP, "sub2": "short"},
        Utm(term="b" * UTM_CAP),
        {"gclid": "c" * AD_ID_CAP},
        ("sub1", "utm_term", "gclid"),
    )


def test_of_a_flood_of_parameters_only_the_first_are_read() -> None:
    flood = "&".join(f"p{number}=x" for number in range(MAX_PARAMETERS - 1))
    assert read_parameters(f"{flood}&sub1=in&sub2=out").subs == {"sub1": "in"}


@MODEST
@given(st.lists(st.tuples(st.sampled_from(["sub1", "utm_source", "gclid", "x"]), st.text(st.characters(codec=None)))))
def test_reading_never_fails_and_gives_texts_that_can_be_stored(pairs: list[tuple[str, str]]) -> None:
    read = read_parameters("&".join(f"{name}={value}" for name, value in pairs))
    for value in [*read.subs.values(), *(read.ad_ids or {}).values(), *([read.utm.source or ""] if read.utm else [])]:
        assert value.encode().decode() == value
        assert len(value) <= AD_ID_CAP
    assert set(read.subs) <= SUBS
