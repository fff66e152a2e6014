"""Everything that is known about one click."""

from datetime import timedelta

from console.clicks.details import describe_event
from schemas import ClientHints, Privacy
from storage.read.records import StoredClick, StoredRejection
from tests.console.builders import NOW, enriched_click, rejected_click


def values_of(groups: tuple) -> dict[str, object]:
    return {f"{group.title}/{field.label}": field.value for group in groups for field in group.fields}


def test_a_click_is_shown_with_all_that_was_sent() -> None:
    click = enriched_click(client_hints=ClientHints(mobile="?1", platform='"iOS"'), truncated=["referrer"])
    values = values_of(describe_event(StoredClick(click, NOW, NOW + timedelta(seconds=1))))

    assert values["Request/Asked for"] == "go.shop.example/ref/spring-26?sub1=newsletter&utm_source=mail"
    assert values["Request/Client hints"] == 'mobile ?1 · platform "iOS"'
    assert values["Request/Cut to their caps"] == "referrer"
    assert values["Referral/sub1"] == "newsletter"
    assert values["Referral/gclid"] == "Cj0K"
    assert values["Visitor/Place"] == "Lisbon, Lisboa, PT"
    assert values["Times/Stored"] == NOW + timedelta(seconds=1)
    assert values["Handled by/Keys used"] == "cookie c1, token t1, ip seal s1"


def test_parameters_that_did_not_come_are_not_shown() -> None:
    values = values_of(describe_event(StoredClick(enriched_click(sub1=None, utm=None, ad_ids=None), NOW)))

    assert [label for label in values if label.startswith("Referral/")] == [
        "Referral/Code",
        "Referral/Affiliate",
        "Referral/Program",
    ]


def test_of_an_anonymous_visitor_no_address_is_shown_not_even_hashed() -> None:
    anonymous = enriched_click(
        ip_hash=None, ip_hash_key_id=None, privacy=Privacy(gpc=True, dnt=True, decision="anonymous")
    )
    values = values_of(describe_event(StoredClick(anonymous, NOW)))

    assert values["Visitor/Address, hashed"] == "not kept"
    assert values["Cookie and privacy/Privacy signals"] == "GPC, DNT"


def test_whether_it_was_a_test_is_told() -> None:
    told = [values_of(describe_event(StoredClick(enriched_click(is_test=is_test), NOW))) for is_test in (True, False)]

    assert [values["Cookie and privacy/Test link"] for values in told] == ["yes", "no"]


def test_a_rejection_is_shown_with_what_was_asked() -> None:
    values = values_of(describe_event(StoredRejection(rejected_click(), NOW)))

    assert (values["Request/Asked for"], values["Request/Answered"]) == ("sprin-26", "404")
