"""What `clickrail code check` says of a link."""

from typing import Any

import pytest

from cli.code_check import Checked, describe, explain, name_cookie, read_test, to_json
from identity.probe_link import make_test_proof
from ingest.preview import preview_visit
from referrals.lookup.answers import UNAVAILABLE, UNKNOWN_IN_POSTGRES, Answer, Found
from tests.identity.builders import CLICK_ID, NOW_S
from tests.ingest.builders import SHOES, found, keys
from tests.referrals.builders import program
from urls.links import read_link

HTTPS = "https://go.shop.example"
COUNTS = "Code, affiliate ann and program shop are active."


def checked(asked: str, answer: Answer, **known: Any) -> Checked:
    link = read_link(asked)
    preview = preview_visit(link, answer, keys(), CLICK_ID, known.get("fallback_url"))
    active = answer if isinstance(answer, Found) else None
    return Checked(**{"link": link, "preview": preview, "found": active, "public_url": HTTPS} | known)


def test_an_active_code_is_described_from_its_link_to_its_cookie() -> None:
    assert describe(checked("abc123", found())) == {
        "link": f"{HTTPS}/ref/abc123",
        "code": "abc123, active",
        "affiliate": "ann, active",
        "program": "shop, active",
        "answer": "302",
        "location": SHOES,
        "counts": True,
        "cookie": "__Host-cr-shop, 30 days",
        "cookie_domain": "that host only",
        "why": [COUNTS, "The target is the program's."],
    }


def test_whose_target_it_is_and_what_stands_for_what_is_told() -> None:
    own = found(of_code={"target_url": "https://e.com/?c={click_id}"}, deep_link_hosts=("shop.example",))
    chosen = "The visitor goes to the page that ?url= asks for: the program lists its host."
    passed_over = "?url= is ignored: the program does not list its host, or it is not a URL."

    assert explain(checked("abc123", own))[1] == "The target is the code's."
    assert explain(checked("abc123?url=https://shop.example/red", own))[1] == chosen
    assert passed_over in explain(checked("abc123?url=https://evil.example/", own))
    assert "CLICK stands for the click's id, which is different for each click." in explain(checked("abc123", own))
    token = checked("abc123", found(token_parameter="t"))
    assert token.preview.location == f"{SHOES}?t=TOKEN"
    assert explain(token)[-1] == "TOKEN stands for the click's token, which is different for each click."


def test_a_link_that_is_none_is_no_malformed_code() -> None:
    none = checked(f"{HTTPS}/abc123", UNKNOWN_IN_POSTGRES)

    assert (describe(none)["answer"], none.counts, len(explain(none))) == ("404", False, 1)
    assert explain(none)[0].startswith("This is not a referral link")


def test_an_unknown_code_gets_offers_and_no_advice_to_check_it() -> None:
    offered = explain(checked("sprin-26", UNKNOWN_IN_POSTGRES, similar=["spring-26", "spring-24"]))
    lonely = explain(checked("sprin-26", UNKNOWN_IN_POSTGRES))

    assert offered[0].startswith("R102")
    assert offered[1:] == [
        "Similar codes: spring-26, spring-24.",
        "Correct the link, or create the code: `clickrail code add --affiliate ID --program ID sprin-26`.",
    ]
    assert lonely[1] == "There is no similar code."
    assert "code check" not in " ".join(offered + lonely)


def test_a_click_id_is_recognised_as_one() -> None:
    asked = checked(CLICK_ID, UNKNOWN_IN_POSTGRES, click_id=CLICK_ID)

    assert explain(asked)[1] == f"This looks like the id of a click, which the console shows at /clicks/{CLICK_ID}."


@pytest.mark.parametrize(
    ("changes", "number", "command"),
    [
        ({"of_code": {"status": "paused"}}, "R201", "`clickrail code resume abc123`"),
        ({"of_affiliate": {"status": "paused"}}, "R202", "`clickrail affiliate resume ann`"),
        ({"status": "paused"}, "R203", "`clickrail program resume shop`"),
        ({"of_code": {"status": "archived"}}, "R204", "`clickrail code resume abc123`"),
        ({"of_affiliate": {"status": "archived"}}, "R205", "`clickrail affiliate resume ann`"),
        ({"status": "archived"}, "R206", "`clickrail program resume shop`"),
    ],
)
def test_whatever_is_paused_says_which_and_how_to_resume_it(changes: dict[str, Any], number: str, command: str) -> None:
    paused = checked("abc123", found(**changes))
    reason, goes_to, remedy = explain(paused)

    assert (reason[:4], paused.counts, describe(paused)["cookie"]) == (number, False, "none")
    assert goes_to == "The visitor goes to the program's target: it has no fallback."
    assert command in remedy


def test_a_fallback_is_named_as_one() -> None:
    over = checked("abc123", found(status="paused", fallback_url="https://shop.example/over"))

    assert explain(over)[1] == "The visitor goes to the program's fallback."
    assert over.preview.location == "https://shop.example/over"


@pytest.mark.parametrize(
    ("asked", "answer", "fallback_url", "expected"),
    [
        ("nope", UNKNOWN_IN_POSTGRES, None, "404, or 302 to CLICKRAIL_INGEST_FALLBACK_URL if ingest has that setting"),
        ("a b", UNKNOWN_IN_POSTGRES, None, "404, or 302 to CLICKRAIL_INGEST_FALLBACK_URL if ingest has that setting"),
        ("away", UNAVAILABLE, None, "503, or 302 to CLICKRAIL_INGEST_FALLBACK_URL if ingest has that setting"),
        ("nope", UNKNOWN_IN_POSTGRES, "https://x/", "302"),
    ],
)
def test_the_answer_without_a_code_depends_on_a_setting_of_ingest(
    asked: str, answer: Answer, fallback_url: str | None, expected: str
) -> None:
    assert describe(checked(asked, answer, fallback_url=fallback_url))["answer"] == expected


@pytest.mark.parametrize(
    ("public_url", "domain", "cookie"),
    [
        (HTTPS, None, "__Host-cr-shop"),
        (HTTPS, "shop.example", "__Secure-cr-shop"),
        ("http://localhost:8080", None, "cr-shop"),
        ("http://localhost:8080", "shop.example", "cr-shop"),
        (None, None, "__Host-cr-shop if the public URL is https, cr-shop if it is http"),
        (None, "shop.example", "__Secure-cr-shop if the public URL is https, cr-shop if it is http"),
    ],
)
def test_the_cookie_is_named_by_the_public_url_as_ingest_names_it(
    public_url: str | None, domain: str | None, cookie: str
) -> None:
    assert name_cookie(program(cookie_domain=domain), public_url) == cookie


def test_a_test_link_counts_in_no_total() -> None:
    query = f"cr_test={make_test_proof(keys().token, 'abc123', NOW_S)}"
    read = [
        read_test(keys(), "abc123", query, NOW_S - 1),
        read_test(keys(), "abc123", query, NOW_S),
        read_test(None, "abc123", query, NOW_S - 1),
        read_test(None, "abc123", "sub1=a", NOW_S - 1),
    ]
    told = checked(f"abc123?{query}", found(), test=True)
    unsure = checked(f"abc123?{query}", found(), test=None)

    assert read == [True, False, None, False]
    assert (describe(told)["counts"], told.counts, unsure.counts) == ("no: it is a test", False, True)
    assert "This is a test link: its clicks are recorded, but no total counts them." in explain(told)
    assert "The link says that it is a test link: add --keys-file to find out whether that is true." in explain(unsure)


def test_json_says_the_same_to_scripts() -> None:
    active = to_json(checked("abc123", found()))
    unknown = to_json(checked("sprin-26", UNKNOWN_IN_POSTGRES, similar=["spring-26"]))

    assert (active["link"], active["location"], active["counts"], active["reason"]) == (
        f"{HTTPS}/ref/abc123",
        SHOES,
        True,
        None,
    )
    assert (unknown["code"], unknown["similar"], unknown["reason"]) == (None, ["spring-26"], "R102")
