"""A record of `clicks.raw` to its outcome. PURE, but for phase 3: times and lookups are arguments.

    1 decode        bytes -> ClickFacts, or a dead letter                    decode_click
    2 local steps   one click; a step may read what earlier steps found      LOCAL_STEPS
    3 remote facts  one question for the whole batch                         facts/remote.py, asked by service.py
    4 score         one click; sees all facts                                quality.score, called by finish_click
    5 encode        ClickFacts -> EnrichedClick -> a record                  build_enriched_click, service.py

A click whose phase raises becomes a dead letter, and the others of its batch go on: `runtime.batch.Batch.process`.
"""

from datetime import datetime
from typing import Final

from msgspec.structs import force_setattr

from enricher.click_facts import ClickFacts, build_enriched_click
from enricher.steps.local import (
    Lookups,
    Step,
    hash_address,
    identify_network,
    locate_address,
    open_address,
    read_agent,
    read_referrer,
)
from quality.rules import DEFAULT_RULES, Rules
from quality.score import score_click
from schemas import DeadLetter, EnrichedClick, RawClick, Undecodable, decode
from schemas.letters import SourceRecord, check_click_time, make_dead_letter, taken_at

STAGE: Final = "enricher"

LOCAL_STEPS: Final[tuple[Step, ...]] = (
    open_address,
    hash_address,
    locate_address,
    identify_network,
    read_agent,
    read_referrer,
)


def collect_facts(record: SourceRecord, *, lookups: Lookups, now: datetime) -> ClickFacts | DeadLetter:
    """Phases 1 and 2: give the facts of one record, or its dead letter. `now` only dates a dead letter."""
    facts = decode_click(record, now)
    if isinstance(facts, DeadLetter):
        return facts
    for step in LOCAL_STEPS:
        step(facts, lookups)
    return facts


def finish_click(facts: ClickFacts, rules: Rules = DEFAULT_RULES) -> EnrichedClick:
    """Phases 4 and 5: build the record, and score it by all its facts."""
    click = build_enriched_click(facts)
    # The record is complete only with its score, which reads it: nobody else has it yet.
    force_setattr(click, "fraud", score_click(click, rules))
    return click


def decode_click(record: SourceRecord, now: datetime) -> ClickFacts | DeadLetter:
    """Give the click, or the dead letter of what is none: undecodable, or of an implausible time."""
    click = decode(RawClick, record.value or b"")
    if isinstance(click, Undecodable):
        return make_dead_letter(record, click, STAGE, now)
    published_at = taken_at(record)
    if wrong := check_click_time(click.clicked_at, published_at):
        return make_dead_letter(record, wrong, STAGE, now)
    return ClickFacts(click, published_at)
