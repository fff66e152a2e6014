"""The record of a record that a stage could not process."""

from schemas.fields import Bytes, Count, IsCut, Label, LetterDigest, LetterSize, LetterTakenAt, Time, Word
from schemas.record import Record


class DeadLetter(Record, frozen=True, kw_only=True):
    """A record that a stage could not process, with its original bytes, so that it can be repaired and replayed.

    `reason` is a word (`not_json`, `wrong_shape`, `unknown_version`, `implausible_time` ...), `detail` a sentence.
    `topic`, `partition`, `offset` and the `digest` of the value together identify the record: a topic that is deleted
    and created again restarts its offsets at 0. `taken_at` is when Kafka received the record, `size` the length of its
    value in bytes. `is_cut` marks a letter too large for its topic: key and value are only the beginning.
    """

    topic: Label
    partition: Count
    offset: Count
    key: Bytes | None
    value: Bytes
    stage: Word
    reason: Word
    detail: str
    attempts: Count
    failed_at: Time
    taken_at: LetterTakenAt = None
    digest: LetterDigest = None
    size: LetterSize = None
    is_cut: IsCut = False
