from simulate.ledger import Ledger, Pace, Tally
from simulate.report import describe
from tests.simulate.builders import answer, planned

AT_200 = Pace(rate=200.0)


def ledger(*, late: float = 0.0, status: int = 302, interrupted: bool = False, pace: Pace = AT_200) -> Ledger:
    tally = Tally()
    for _ in range(1200):
        tally.count(planned(), answer(status=status, set_cookies=(), late_ms=late))
    tally.count(planned(kind="head", expected="redirect"), answer(set_cookies=()))
    tally.count(planned(kind="bot"), answer(status=None, error="refused"))
    return tally.close(6.0, 6.0, pace, interrupted=interrupted)


def said(made: Ledger) -> str:
    return "\n".join(describe(made, ("demo", "insta")))


def test_the_ledger_is_laid_out_in_columns() -> None:
    assert said(ledger()).splitlines()[:9] == [
        "1,202 requests in 6.0 s, 200.3 a second (200 asked)",
        "1,202 sent = 1,201 answered + 1 failed",
        "",
        "                          sent     302   refused",
        "visits                   1,200   1,200         -",
        "HEAD                         1       1         -",
        "crawlers, libraries          1       -         1",
        "all                      1,202   1,201         1",
        "",
    ]


def test_a_plain_302_is_not_called_a_click() -> None:
    assert "they look the same from outside" in said(ledger())
    assert "accepted clicks" not in said(ledger())


def test_an_early_end_is_said() -> None:
    assert "ended early" in said(ledger(interrupted=True))
    assert "ended early" not in said(ledger())


def test_a_rate_that_was_not_held_is_said() -> None:
    assert "The rate was not kept: 1,200 requests" in said(ledger(late=1500.0))
    assert "not kept" not in said(ledger())


def test_the_clock_factor_is_said() -> None:
    assert said(ledger(pace=Pace(speed=60.0))).startswith(
        "1,202 requests in 6.0 s, 200.3 a second, at their own times, 60"
    )
    assert "The times were not kept" in said(ledger(late=1500.0, pace=Pace(speed=1.0)))


def test_codes_the_stack_does_not_know_are_explained() -> None:
    assert "1,200 visits by the codes demo, insta were answered 404" in said(ledger(status=404))
    assert "Unexpected answers: visits, 1,200 x 404" in said(ledger(status=404))
