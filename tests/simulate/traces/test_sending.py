from simulate.traces.catalogue import make_trace
from simulate.traces.model import TraceParameters
from simulate.traces.sending import plan_trace
from tests.simulate.builders import header

TRACE = make_trace("mail-gateway", TraceParameters(background=10))
PLAN = list(plan_trace(TRACE))


def test_each_request_is_planned_at_its_time_with_its_number() -> None:
    assert [request.id for request in PLAN] == list(range(1, len(TRACE.requests) + 1))
    assert [request.at_s for request in PLAN] == [request.at_ms / 1000 for request in TRACE.requests]


def test_the_address_goes_in_the_header_of_a_trusted_proxy() -> None:
    assert [header(request, "X-Forwarded-For") for request in PLAN] == [one.address for one in TRACE.requests]


def test_people_have_cookies_and_machines_none() -> None:
    assert {(request.kind, request.visitor is not None) for request in PLAN} == {("person", True), ("machine", False)}


def test_each_method_has_its_answer() -> None:
    attack = plan_trace(make_trace("attack", TraceParameters()))
    answers = {(request.method, request.expected) for request in [*PLAN, *attack]}
    assert answers == {("GET", "click"), ("HEAD", "redirect"), ("POST", "not_allowed")}


def test_a_link_without_a_query_has_no_question_mark() -> None:
    burst = plan_trace(make_trace("burst", TraceParameters(background=0, codes=("one",))))
    assert {request.path for request in burst} == {"/ref/one"}
