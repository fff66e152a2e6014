from collections import Counter
from urllib.parse import urlsplit

from ingest.request.parameters import read_parameters
from tests.simulate.builders import header, only


def test_queries_hold_what_ingest_reads() -> None:
    read = [read_parameters(urlsplit(request.path).query) for request in only("visit", 4000)]
    assert {name for parameters in read for name in parameters.subs} == {"sub1", "sub2", "external_id"}
    networks = {name for parameters in read for name in parameters.ad_ids or ()}
    assert networks == {"gclid", "gbraid", "fbclid", "msclkid", "ttclid"}
    assert {parameters.utm.medium for parameters in read if parameters.utm} == {"social", "email", "cpc", None}
    assert not [parameters for parameters in read if parameters.truncated]


def test_people_come_from_everywhere() -> None:
    referrers = [header(request, "Referer") for request in only("visit", 4000)]
    hosts = Counter(urlsplit(referrer).hostname for referrer in referrers if referrer is not None)
    assert referrers.count(None) > 600
    assert hosts["www.google.com"] > 400
    assert len(hosts) > 30


def test_people_inside_an_app_come_from_that_app() -> None:
    inside = [request for request in only("visit", 4000) if "Instagram" in (header(request, "User-Agent") or "")]
    assert {header(request, "Referer") for request in inside} == {None, "https://l.instagram.com/"}
