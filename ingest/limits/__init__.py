"""Limits: how many clicks one client, or one code, may bring, and what becomes of those beyond.

Takes an address and a code, gives a decision from this process's memory, in about a microsecond and without waiting.
Promises: a decision is exact for what this process has seen; across processes what one allows reaches the others
through Redis a few times a second, off the hot path; without Redis each process limits by itself. No address leaves
the process: Redis sees keyed hashes.

    gcra      one decision, as arithmetic. Pure.
    defaults  the limits nobody has to set, and why they are what they are
    meter     a bounded memory of one limit's keys
    limiter   within, over, or ten times over: the meters of one limit
    policy    what becomes of a click, by its program's policy. Pure.
    clients   an address as a key, and as a name for Redis. Pure.
    exchange  what the processes tell each other
    breaker   when Redis is left alone
    limits    both limits together: what the redirect asks
    opening   opens it all
"""
