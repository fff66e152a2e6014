"""The contract: the records that travel between the services and to data teams.

Four records on four topics (`topics`), as UTF-8 JSON (`codec`), with CloudEvents headers on the public ones
(`headers`), reasons for refusals by stable number (`reasons`), and examples that every consumer's tests replay.
"""

from schemas.clicks import EnrichedClick, RawClick
from schemas.codec import Undecodable, decode, encode
from schemas.dead_letter import DeadLetter
from schemas.enriched_parts import Bot, Counts, Device, Fraud, Geo, Guards, Network, Referrer, Signal, Uniqueness
from schemas.fields import SCHEMA_VERSION
from schemas.rejected_click import RejectedClick
from schemas.request_parts import ClientHints, Fetch, Handled, KeyIds, Privacy, Utm
from schemas.topics import CLICKS_DEAD, CLICKS_ENRICHED, CLICKS_RAW, CLICKS_REJECTED, TOPICS, Topic

__all__ = [
    "CLICKS_DEAD",
    "CLICKS_ENRICHED",
    "CLICKS_RAW",
    "CLICKS_REJECTED",
    "SCHEMA_VERSION",
    "TOPICS",
    "Bot",
    "ClientHints",
    "Counts",
    "DeadLetter",
    "Device",
    "EnrichedClick",
    "Fetch",
    "Fraud",
    "Geo",
    "Guards",
    "Handled",
    "KeyIds",
    "Network",
    "Privacy",
    "RawClick",
    "Referrer",
    "RejectedClick",
    "Signal",
    "Topic",
    "Undecodable",
    "Uniqueness",
    "Utm",
    "decode",
    "encode",
]
