"""A pass of settling finds what slow definitions say of the same clicks."""

from hypothesis import given

from quality.evidence import NOTHING_LATER, LaterEvidence
from quality.rate_signals import KINDS_OF_SWEEPERS
from quality.rhythm import measure_rhythm
from quality.settling import LOOK_AHEAD_MS, LOOK_BACK_MS
from quality.settling_click import SettlingClick
from tests.quality.settling_clicks import settle, traffic


@given(traffic())
def test_a_pass_finds_what_the_definitions_say(clicks: list[SettlingClick]) -> None:
    assert [one.later for one in settle(clicks)] == [define(click, clicks) for click in clicks]


def define(click: SettlingClick, clicks: list[SettlingClick]) -> LaterEvidence:
    """Compute the evidence from the definitions, looking at all clicks again and again."""
    counted = [one for one in clicks if one.is_counted]
    if not click.is_counted:
        return NOTHING_LATER
    mine = [
        one
        for one in counted
        if click.time_ms - LOOK_BACK_MS < one.time_ms
        and one.click_id <= click.click_id
        and one.client == click.client is not None
    ]
    affiliates = len({one.affiliate for one in mine if one.program == click.program})
    rhythmic = len(mine) >= 6
    return LaterEvidence(
        sweep_links=define_sweep(click, counted),
        twin=define_twin(click, counted),
        rhythm=measure_rhythm([one.time_ms for one in mine]) if rhythmic else None,
        rhythm_clicks=len(mine) if rhythmic else 0,
        affiliates=affiliates if affiliates > 1 else 0,
    )


def define_sweep(click: SettlingClick, counted: list[SettlingClick]) -> int:
    if click.evidence.referrer.url:
        return 0

    def can_sweep(one: SettlingClick) -> bool:
        return one.evidence.network.kind in KINDS_OF_SWEEPERS

    direct = [one for one in counted if not one.evidence.referrer.url]
    groups = [[one for one in direct if one.client == click.client is not None]]
    if can_sweep(click):
        groups.append([one for one in direct if one.net == click.net is not None and can_sweep(one)])
    found = [
        len({one.link for one in group if last.time_ms - 10_000 <= one.time_ms and one.click_id <= last.click_id})
        for group in groups
        for last in group
        if click.click_id <= last.click_id and last.time_ms - 10_000 <= click.time_ms
    ]
    largest = max(found, default=0)
    return largest if largest > 1 else 0


def define_twin(click: SettlingClick, counted: list[SettlingClick]) -> str | None:
    if not click.is_personal or click.net is None:
        return None
    visits = [one for one in counted if one.is_personal and one.link == click.link and one.net is not None]
    others = [one for one in visits if one.net != click.net and abs(one.time_ms - click.time_ms) <= LOOK_AHEAD_MS]
    until = click.time_ms + LOOK_AHEAD_MS
    clients = {one.client for one in visits if until - LOOK_BACK_MS < one.time_ms <= until}
    anomaly = {"hosting": "hosting_network", "mail_security": "mail_security_network"}
    return anomaly.get(click.evidence.network.kind or "") if others and len(clients) <= 5 else None
