import pytest

from referrals.admin.explain import describe_settings, warn_of_address, warn_of_target
from referrals.lookup.answers import Found
from tests.referrals.builders import affiliate, code, program

HTTPS = "https://go.shop.example"


def found(**programs: object) -> Found:
    return Found(code(), affiliate(), program(**programs), "postgres")


def test_the_usual_settings_need_no_word() -> None:
    assert describe_settings(program()) == []


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"privacy": "anonymous"}, "No cookie: the program's privacy policy is anonymous."),
        ({"token_parameter": "cid"}, "The click token is added as cid if the target has no macro for it."),
        (
            {"pass_query": "listed", "pass_names": ("gclid", "a")},
            "These parameters of the visitor are passed to the target: gclid, a.",
        ),
        (
            {"pass_query": "listed"},
            "These parameters of the visitor are passed to the target: none is listed.",
        ),
        (
            {"pass_query": "all"},
            "All parameters of the visitor are passed to the target; sub1 to sub5 and external_id only if listed.",
        ),
        (
            {"deep_link_hosts": ("shop.example",)},
            "A visitor may choose a page of shop.example by ?url=.",
        ),
        ({"cookie_policy": "first"}, "A visitor keeps a valid cookie: the first click counts."),
        (
            {"unique_basis": "cookie"},
            "Visitors are recognised by their cookie alone: a click without one counts as unique.",
        ),
        ({"accept_client_hints": True}, "Browsers are asked for the device's model and the system's version."),
        (
            {"quality_rules": {"link_sweep_weight": 0.6, "client_rate_limit_60s": 20.0}},
            "Clicks are scored with the program's own values: link_sweep_weight=0.6, client_rate_limit_60s=20.",
        ),
        (
            {"subs_are_personal": True},
            "sub1 to sub5 are personal data: they are removed after CLICKRAIL_SINK_PERSONAL_DAYS.",
        ),
    ],
)
def test_a_setting_that_is_not_the_usual_one_is_told(setting: dict[str, object], said: str) -> None:
    assert describe_settings(program(**setting)) == [said]


@pytest.mark.parametrize(
    ("setting", "warning"),
    [
        (
            {"target_url": "https://e.com/?c={clickid}"},
            "The target contains {clickid}, which is not a macro: it is sent unchanged.",
        ),
        (
            {"target_url": "https://e.com/?ClickID=", "token_parameter": "clickid"},
            "No click token is added: the target already has a parameter clickid.",
        ),
        (
            {"target_url": "http://1.2.3/"},
            (
                "This target could not be stored today: 1.2.3 ends in a number, "
                "and is no address of four numbers from 0 to 255."
            ),
        ),
        (
            {"deep_link_hosts": ("shop.example",)},
            "A page that a visitor chooses gets no click token: the program has no token_parameter.",
        ),
    ],
)
def test_a_setting_that_may_not_do_what_was_meant_is_warned_of(setting: dict[str, object], warning: str) -> None:
    assert warn_of_target(found(**setting)) == [warning]


def test_a_target_that_carries_the_token_by_itself_is_not_warned_of() -> None:
    assert warn_of_target(found(target_url="https://e.com/?clickid={click_token}", token_parameter="clickid")) == []


@pytest.mark.parametrize(
    ("origin", "public_url", "warned"),
    [
        ("https://old.example", HTTPS, True),
        ("//old.example", HTTPS, True),
        ("http://go.shop.example", HTTPS, True),
        ("https://GO.shop.example", f"{HTTPS}/", False),
        ("//go.shop.example", HTTPS, False),
        (None, HTTPS, False),
        ("https://old.example", None, False),
    ],
)
def test_a_link_to_another_address_than_the_public_one_is_warned_of(
    origin: str | None, public_url: str | None, *, warned: bool
) -> None:
    warning = f"The link leads to {origin}, but visitors reach ingest at {public_url}."
    assert warn_of_address(program(), origin, public_url) == ([warning] if warned else [])


@pytest.mark.parametrize(
    ("domain", "warned"),
    [("shop.example", False), ("go.shop.example", False), ("op.example", True), ("other.example", True)],
)
@pytest.mark.parametrize(("origin", "public_url"), [(None, HTTPS), (HTTPS, None), ("//go.shop.example", None)])
def test_a_cookie_domain_that_browsers_would_refuse_is_warned_of(
    domain: str, origin: str | None, public_url: str | None, *, warned: bool
) -> None:
    warning = f"Browsers refuse the cookie: its domain {domain} does not cover go.shop.example."
    assert warn_of_address(program(cookie_domain=domain), origin, public_url) == ([warning] if warned else [])


def test_an_origin_that_is_none_is_warned_of_and_no_more() -> None:
    assert len(warn_of_address(program(cookie_domain="shop.example"), "https://[", HTTPS)) == 1
