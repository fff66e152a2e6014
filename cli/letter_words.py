"""Dead letters in words, for `clickrail dead`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.letter_states import Attempt, LetterCounts, LetterSummary
    from storage.read.records import StoredLetter


def describe_summary(letter: "LetterSummary") -> list[str]:
    """Describe a letter in the cells of one line: its name, when and where it failed, why, and its state."""
    from storage.letter_states import name_summary

    failed_at = f"{letter.failed_at:%Y-%m-%d %H:%M:%SZ}"
    return [str(name_summary(letter)), failed_at, letter.stage, letter.reason, letter.state, letter.detail]


def describe_letter(found: "StoredLetter", attempts: "list[Attempt]") -> dict[str, object]:
    """Describe a letter by all of its fields, with each time it was sent again."""
    from msgspec.structs import asdict

    fields = asdict(found.letter) | {"stored_at": found.stored_at, "sent_again": [*map(describe_attempt, attempts)]}
    texts = {"key": text_of(found.letter.key), "value": text_of(found.letter.value)}
    return {name: value for name, value in (fields | texts).items() if name != "schema_version"}


def total_of(counts: "LetterCounts") -> tuple[int, ...]:
    return counts.waiting, counts.sent, counts.unsure, counts.refused, counts.cut


def text_of(data: bytes | None) -> str | None:
    """Return bytes as text; bytes that are not printable UTF-8 become escapes."""
    if data is None:
        return None
    text = data.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def describe_counts(counts: "LetterCounts") -> str:
    """Describe the counts in one line."""
    parts = [f"{counts.waiting:,} waiting", f"{counts.sent:,} sent again"]
    parts += [f"{counts.unsure:,} unsure (a replay was interrupted; --again sends them)"] if counts.unsure else []
    parts += [f"{counts.refused:,} refused by their topic"] if counts.refused else []
    parts += [f"{counts.cut:,} cut (stored in part, cannot be sent again)"] if counts.cut else []
    return ", ".join(parts)


def describe_attempt(attempt: "Attempt") -> str:
    """Describe one attempt to send a letter, in one line."""
    if attempt.sent_at is not None:
        return f"{attempt.sent_at:%Y-%m-%d %H:%M:%SZ} sent"
    if attempt.refused_at is not None:
        return f"{attempt.refused_at:%Y-%m-%d %H:%M:%SZ} refused by its topic"
    return f"{attempt.begun_at:%Y-%m-%d %H:%M:%SZ} unsure: interrupted"
