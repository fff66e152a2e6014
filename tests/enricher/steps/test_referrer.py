from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enricher.rules.mediums import AD_SOURCES, MEDIUM_WORDS
from enricher.steps.referrer import cut_to_origin, read_origin
from schemas import Referrer, Utm
from schemas.fields import HOST_CAP
from tests.enricher.builders import lookups, raw_click
from tests.examples import examples


def read(url: str | None, **changes: Any) -> Referrer:
    return lookups().read_referrer(raw_click(referrer=url, **changes))


def classify(url: str | None, **changes: Any) -> tuple[str, str | None]:
    referrer = read(url, **changes)
    return referrer.medium, referrer.source


@pytest.mark.parametrize(
    ("url", "medium", "source"),
    [
        ("https://www.google.com/", "search", "Google"),
        ("https://www.google.co.uk/search?q=shoes", "search", "Google"),
        ("https://google.com.au", "search", "Google"),
        ("https://news.google.de/", "search", "Google News"),
        ("https://www.bing.com/", "search", "Bing"),
        ("https://search.yahoo.com/", "search", "Yahoo"),
        ("https://yandex.com.tr/", "search", "Yandex"),
        ("https://duckduckgo.com/", "search", "DuckDuckGo"),
        ("https://search.brave.com/", "search", "Brave Search"),
        ("android-app://com.google.android.googlequicksearchbox/", "search", "Google"),
        ("https://l.facebook.com/l.php?u=x", "social", "Facebook"),
        ("http://m.facebook.com/", "social", "Facebook"),
        ("https://l.instagram.com/", "social", "Instagram"),
        ("https://t.co/abc", "social", "X"),
        ("https://x.com/", "social", "X"),
        ("https://www.youtube.com/", "social", "YouTube"),
        ("https://lnkd.in/x", "social", "LinkedIn"),
        ("https://out.reddit.com/", "social", "Reddit"),
        ("https://www.pinterest.co.uk/", "social", "Pinterest"),
        ("https://go.bsky.app/", "social", "Bluesky"),
        ("android-app://org.telegram.messenger/", "social", "Telegram"),
        ("android-app://com.Slack/", "social", "Slack"),
        ("https://mail.google.com/mail/u/0/", "email", "Gmail"),
        ("android-app://com.google.android.gm/", "email", "Gmail"),
        ("https://outlook.live.com/", "email", "Outlook"),
        ("https://eur01.safelinks.protection.outlook.com/?url=x", "email", "Outlook"),
        ("https://mail.yahoo.com/", "email", "Yahoo Mail"),
        ("https://chatgpt.com/", "chatbot", "ChatGPT"),
        ("https://www.perplexity.ai/", "chatbot", "Perplexity"),
        ("https://gemini.google.com/app", "chatbot", "Gemini"),
        ("https://copilot.microsoft.com/", "chatbot", "Copilot"),
        ("https://claude.ai/", "chatbot", "Claude"),
        ("https://googleads.g.doubleclick.net/", "paid", "Google Ads"),
        ("https://blog.example/best-shoes", "unknown", None),
        ("https://notgoogle.com/", "unknown", None),
        ("https://google.example.net/", "unknown", None),
        ("https://google.github.io/", "unknown", None),
        ("https://facebook.com.evil.example/", "unknown", None),
        ("https://mail.google.com.evil.example/", "unknown", None),
    ],
)
def test_a_referring_page_is_known_by_its_host(url: str, medium: str, source: str | None) -> None:
    assert classify(url) == (medium, source)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://WWW.Example.COM:8443/a?b#c", "www.example.com"),
        ("https://user:secret@example.com/", "example.com"),
        ("https://example.com./", "example.com"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("http://192.0.2.7/", "192.0.2.7"),
        ("http://[2001:db8::1]/", "2001:db8::1"),
        ("android-app://com.google.android.gm/x", "com.google.android.gm"),
        ("  https://example.com/\n", "example.com"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("about:blank", None),
        ("/just/a/path", None),
        ("//example.com/", None),
        ("https://", None),
        ("https:///x", None),
        ("https://[::1", None),
        ("https://[::1%25eth0]/", None),
        ("https://exa mple.com/", None),
        ("https://<script>/", None),
        ("https://a\u2100.example/", None),
        ("https://" + "ü" * 70 + ".example/", None),
        ("https://" + "a." * 500 + "example/", None),
        ("https://" + "x" * 1016, None),
        ("\x00", None),
    ],
)
def test_a_host_is_read_as_in_the_dns_or_not_at_all(url: str, host: str | None) -> None:
    assert read_origin(cut_to_origin(url)) == host
    assert (read(url).url, read(url).host) == (url, host)


@pytest.mark.parametrize("nothing", [None, ""])
def test_without_a_referrer_a_click_is_direct(nothing: str | None) -> None:
    assert classify(nothing) == ("direct", None)


def test_a_referrer_without_a_host_is_unknown() -> None:
    assert classify("javascript:alert(1)") == ("unknown", None)


@pytest.mark.parametrize(
    "url",
    [
        "https://go.shop.example/",
        "https://www.merchant.example/cart",
        "https://merchant.example/",
        "https://blog.merchant.example/",
    ],
)
def test_the_trackers_and_the_targets_own_sites_are_internal(url: str) -> None:
    assert classify(url, host="go.shop.example:8443") == ("internal", None)


def test_a_neighbour_under_one_public_suffix_is_not_internal() -> None:
    assert classify("https://other.github.io/", target_url="https://mine.github.io/") == ("unknown", None)
    assert classify("https://other.co.uk/", target_url="https://mine.co.uk/") == ("unknown", None)
    assert classify("http://10.0.0.1/", host="127.0.0.1:8080") == ("unknown", None)


def test_a_search_that_leads_to_the_searchers_own_shop_is_a_search() -> None:
    assert classify("https://www.google.com/", target_url="https://play.google.com/store") == ("search", "Google")
    assert classify("https://play.google.com/", target_url="https://play.google.com/store") == ("internal", None)


@pytest.mark.parametrize(("name", "source"), AD_SOURCES.items())
def test_an_advertisers_click_id_makes_a_click_paid(name: str, source: str) -> None:
    assert classify("https://www.google.com/", ad_ids={name: "x"}) == ("paid", source)
    assert classify(None, ad_ids={name: "x"}) == ("paid", source)


def test_facebooks_mark_makes_a_click_social_and_not_paid() -> None:
    assert classify(None, ad_ids={"fbclid": "x"}) == ("social", "Facebook")
    assert classify("https://l.instagram.com/", ad_ids={"fbclid": "x"}) == ("social", "Instagram")


@pytest.mark.parametrize(
    ("url", "utm", "expected"),
    [
        ("https://www.google.com/", Utm(medium="cpc"), ("paid", "Google")),
        (None, Utm(medium="Paid-Social", source="meta"), ("paid", "meta")),
        (None, Utm(medium="paid_search"), ("paid", None)),
        (None, Utm(medium="E-Mail", source="newsletter-46"), ("email", "newsletter-46")),
        ("https://mail.google.com/", Utm(medium="newsletter"), ("email", "Gmail")),
        ("https://www.merchant.example/", Utm(medium="email"), ("email", None)),
        (None, Utm(medium="social", source="tiktok"), ("social", "tiktok")),
        ("https://www.bing.com/", Utm(medium="social"), ("search", "Bing")),
        ("https://blog.example/", Utm(medium="social", source="x"), ("social", "x")),
        ("https://blog.example/", Utm(medium="affiliate", source="anna"), ("unknown", None)),
        (None, Utm(source="chatgpt.com"), ("chatbot", "ChatGPT")),
        (None, Utm(source="anna"), ("direct", None)),
        (None, Utm(), ("direct", None)),
    ],
)
def test_a_link_may_say_where_it_was_put(url: str | None, utm: Utm, expected: tuple[str, str | None]) -> None:
    assert classify(url, utm=utm) == expected


def test_every_word_for_a_medium_belongs_to_one() -> None:
    words = [word for text in MEDIUM_WORDS.values() for word in text.split()]

    assert len(words) == len(set(words))


@examples(500)
@given(
    st.text(st.sampled_from("htps:/a.Z ?#@[]\\\t\n\x01\u2003é1"), max_size=30),
    st.sampled_from(["", "https://", "https:/", "http://a.example", " https://a.example:80/"]),
)
def test_a_host_is_the_same_whether_or_not_what_follows_it_is_read(text: str, start: str) -> None:
    assert read_origin(cut_to_origin(start + text)) == read_origin((start + text).strip())


@examples(500)
@given(st.text(max_size=1024), st.sampled_from(["", "https://", "http://[", "android-app://", "https://a@", "//"]))
def test_no_text_raises(text: str, start: str) -> None:
    host = read_origin(cut_to_origin(start + text))

    assert host is None or (host.isascii() and 0 < len(host) <= HOST_CAP)
    assert read(start + text, host=text[:HOST_CAP], target_url=start + text).url == start + text
