"""Ingest: answers a visitor's request for `/ref/{code}` with a 302 within milliseconds, and gives Kafka one RawClick.

Promises: a click is in the journal before its visitor gets the response; the response to a known code waits for no
server; a Location is always a stored URL, or a page of a host that the program lists; every refusal has a number; an
address is sealed before it leaves this process.
"""
