"""What MirrorMaker 2 is told to carry, and what not."""

import re

from schemas import CLICKS_RAW, CLICKS_REJECTED, TOPICS
from tests.deploy_mirrormaker.properties import read_properties


def test_the_topics_that_ingest_writes_are_carried_and_no_other() -> None:
    # In a file of properties a backslash is written twice.
    patterns = read_properties()["edge->centre.topics"].replace("\\\\", "\\").split(", ")
    carried = [topic.name for topic in TOPICS if any(re.fullmatch(pattern, topic.name) for pattern in patterns)]

    assert carried == [CLICKS_RAW.name, CLICKS_REJECTED.name]


def test_clicks_go_one_way_under_their_own_names_and_nothing_else_is_carried() -> None:
    properties = read_properties()

    assert properties["replication.policy.class"].endswith(".IdentityReplicationPolicy")
    assert (properties["edge->centre.enabled"], properties["centre->edge.enabled"]) == ("true", "false")
    for name in (
        "emit.checkpoints",
        "emit.heartbeats",
        "emit.offset-syncs",
        "sync.group.offsets",
        "sync.topic.configs",
    ):
        assert properties[f"{name}.enabled"] == "false"
