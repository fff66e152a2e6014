"""What turns a click as received into one people can count: `RawClick -> EnrichedClick | DeadLetter`.

Takes `clicks.raw`, gives `clicks.enriched` and, for what cannot be read, `clicks.dead` with the original bytes.
Promises: each record ends in exactly one of the two; the same record with the same files and keys gives the same
click, so a repeat is a repeat and not a second click; no address leaves this package; nothing a visitor can send,
and nothing a damaged city database can hold, stops the stream.
"""
