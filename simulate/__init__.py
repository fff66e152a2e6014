"""Simulate: takes a seed, or requests that were made once, and gives visitors' requests to a running stack.

Promises: the same seed gives the same requests in the same order; every request is sent at most once, at its time or
as soon after it as can be; every request sent is in the ledger, answered or failed by name.
Pure: `generate(seed, options)`, `read_requests(lines, codes)`. Shell: `await send(plan, sending, on_answer)`.
"""
