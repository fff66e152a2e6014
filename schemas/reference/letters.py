"""What the fields of dead letters mean."""

from typing import Final

import msgspec

from schemas.dead_letter import DeadLetter
from schemas.reference.field import FieldMeaning, field, personal

LETTERS: Final[dict[type[msgspec.Struct], dict[str, FieldMeaning]]] = {
    DeadLetter: {
        "topic": field("Topic from which the record was read"),
        "partition": field("Partition of the topic"),
        "offset": field("Offset in the partition"),
        "key": field("Key of the record, as bytes: the id of a click or rejection"),
        "value": personal("Value of the record, as bytes: all that a visitor sent may be in it"),
        "stage": field("What could not process it", "enricher sink", is_open=True),
        "reason": field(
            "Why not: docs/operating.md",
            "not_utf8 not_json wrong_shape unknown_version implausible_time too_large refused_by_database"
            " refused_by_kafka internal_error",
            is_open=True,
        ),
        "detail": personal("Why not, as a sentence. It can quote the record"),
        "attempts": field("How often it was tried"),
        "failed_at": field("When it failed, UTC"),
        "taken_at": field("When Kafka took the record, UTC. Null before version 1.2"),
        "digest": field("SHA-256 of the value, hexadecimal"),
        "size": field("Length of the value", unit="bytes"),
        "is_cut": field("True: too large for its topic, so that key and value are only the beginning"),
    }
}
