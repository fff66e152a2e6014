"""Sends visitors' requests to a running stack: generated from a seed, replayed from a file, or a labelled trace.

Promises: the same seed gives the same requests in the same order; every request is sent at most once, at its time or
as soon as possible after it; every request sent is in the ledger, as answered or with the name of its failure.
Pure: `generate(seed, options)`, `read_requests(lines, codes)`, `traces`. Shell: `await send(plan, sending, on_answer)`.
"""
