"""The enricher adds what address, user agent and referrer tell: `RawClick -> EnrichedClick | DeadLetter`.

Reads `clicks.raw`, writes `clicks.enriched` and, for records that cannot be processed, `clicks.dead` with the original
bytes. Promises: each record ends in exactly one of the two; the same record, files and keys give the same click, so a
redelivery is no second click; no address leaves this package; neither a visitor's input nor a damaged city database
stops the stream.
"""
