"""Judges labelled traces as the enricher and settling do, without any server. Pure, but for the rules of agents.

Networks are those that the traces state, so that the figures depend on no database.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import cache, partial
from itertools import islice
from typing import Final

import msgspec

from enricher.click_facts import ClickFacts, IpAddress
from enricher.facts.visits import read_visit
from enricher.pipeline import LOCAL_STEPS, finish_click
from enricher.steps.agent import load_agent_reader
from enricher.steps.local import Lookups
from enricher.steps.referrer import load_referrer_reader
from identity.ip import IpHashKeys, IpSealKeys, open_ip
from quality.memory_store import MemoryStore, judge_visits
from quality.rules import DEFAULT_RULES, Rules
from quality.score import score_click
from quality.settled_uniqueness import is_another_visitor, make_returned
from quality.settling import Settling
from quality.settling_click import SettledClick
from schemas import EnrichedClick, Geo, Network, RawClick, Uniqueness
from simulate.traces.catalogue import RECIPES, make_trace
from simulate.traces.evaluation import Evaluation, Verdict, evaluate
from simulate.traces.labels import Label
from simulate.traces.model import TraceParameters
from simulate.traces.networks import find_fact
from simulate.traces.raw_clicks import TRACE_RING, record_trace
from storage.read.settling import read_record

BATCH: Final = 200
PUBLISHED_AFTER: Final = timedelta(milliseconds=40)
NO_PLACE: Final = Geo(status="no_database")
ORDINARY: Final = Network(status="found", kind="other", certainty="certain")


class TraceResult(msgspec.Struct, frozen=True):
    """What was found in a trace within milliseconds, and when the clicks after each one were known too."""

    live: Evaluation
    settled: Evaluation


def evaluate_traces(
    names: Iterable[str] = RECIPES, seed: int = 1, rules: Rules = DEFAULT_RULES
) -> Iterator[TraceResult]:
    """Judge each of these traces on its own."""
    return (evaluate_trace(name, seed, rules) for name in names)


def evaluate_trace(name: str, seed: int, rules: Rules) -> TraceResult:
    labelled = list(record_trace(make_trace(name, TraceParameters(seed=seed))))
    labels = [one.label for one in labelled]
    clicks = list(enrich((one.click for one in labelled if one.click is not None), rules))
    live = {click.click_id: Verdict(click.fraud.score or 0, click.unique.is_unique) for click in clicks}
    return TraceResult(count(labels, live), count(labels, settle(clicks, rules)))


def count(labels: Sequence[Label], verdicts: dict[str, Verdict]) -> Evaluation:
    (found,) = evaluate(labels, verdicts).values()
    return found


def enrich(clicks: Iterable[RawClick], rules: Rules) -> Iterator[EnrichedClick]:
    """Take clicks through the phases of the enricher, with a store of windows in memory."""
    store = MemoryStore()
    waiting = iter(clicks)
    while batch := list(islice(waiting, BATCH)):
        facts = [collect_facts(click) for click in batch]
        for one, windows in zip(facts, judge_visits(store, [read_visit(one) for one in facts]), strict=True):
            one.windows = windows
        yield from (finish_click(one, rules) for one in facts)


def collect_facts(click: RawClick) -> ClickFacts:
    facts = ClickFacts(click, published_at=click.clicked_at + PUBLISHED_AFTER)
    for step in LOCAL_STEPS:
        step(facts, open_lookups())
    return facts


@cache
def open_lookups() -> Lookups:
    """Open what the enricher looks up with: the keys of traces, and no database."""
    return Lookups(
        open_ip=partial(open_ip, IpSealKeys(TRACE_RING)),
        find_hash_key=IpHashKeys(TRACE_RING).at,
        locate=lambda _: NO_PLACE,
        find_network=find_network,
        read_referrer=load_referrer_reader(),
        read_agent=load_agent_reader(),
    )


def find_network(address: IpAddress) -> Network:
    fact = find_fact(str(address))
    return ORDINARY if fact is None else Network(status="found", kind=fact.kind, certainty=fact.certainty)


def settle(clicks: Sequence[EnrichedClick], rules: Rules) -> dict[str, Verdict]:
    """Score clicks again with what later clicks say, and judge uniqueness knowing whose cookie came back."""
    settling = Settling(rules)
    ordered = sorted(clicks, key=lambda click: click.click_id)
    settled = [one for click in ordered for one in settling.add(read_record(click))]
    settled += settling.end()
    unique = judge_uniqueness(settled)
    return {
        one.click.click_id: Verdict(
            score_click(one.click.evidence, rules, one.later).score or 0, unique[one.click.click_id].is_unique
        )
        for one in settled
    }


def judge_uniqueness(settled: Sequence[SettledClick]) -> dict[str, Uniqueness]:
    """Judge as the tables say in the end: a cookie that comes back makes the click that set it unique."""
    unique = {one.click.click_id: one.unique for one in settled}
    for one in settled:
        returned = one.click.returned
        known = unique.get(returned) if returned else None
        if returned and known and is_another_visitor(returned, known):
            unique[returned] = make_returned(returned)
    return unique
