"""Ingest: takes a visitor's request for `/ref/{code}`, gives a 302 within milliseconds and one RawClick to Kafka.

Promises: a click is in the journal before its visitor is answered, and the answer waits for no server; a Location is
only ever a stored URL; every refusal has a number; an address is sealed before it leaves this process.
"""
