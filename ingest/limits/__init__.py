"""Limits: how many clicks one client, or one code, may bring, and what happens to clicks over the limit.

Takes an address and a code; decides from this process's memory, in about a microsecond and without waiting. A decision
is exact for the clicks of this process. Processes share their counts through Redis a few times a second, off the hot
path; without Redis each process limits alone. No address leaves the process: Redis gets keyed hashes.

    gcra         one decision, as arithmetic. Pure.
    defaults     the default limits, and the reasons for them
    meter        the keys of one limit, bounded
    limiter      within, over, or ten times over one limit
    policy       what happens to a click, by its program's policy. Pure.
    client_key   an address as a key, and the key's name in Redis. Pure.
    redis_sync   shares counts between processes
    breaker      pauses requests to Redis while it does not answer
    limits       the limits of clients and codes together, as the redirect uses them
    factory      opens all of it
"""
