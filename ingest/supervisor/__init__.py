"""Several workers on one port: a process that owns the sockets, and as many redirect services as it has slots.

It never accepts connections. For each slot it keeps a listening socket that outlives its workers, so that waiting
connections are served by the next worker: after a worker died, after the supervisor killed a worker that hung, and in a
roll, in which no request fails. It stays small and simple because nothing supervises it: it imports no client of a
server, no web framework and no logging library.

    run          from start to exit code
    supervise    all slots: start, roll, stop
    worker_slot  one socket, its worker and the worker's successor
    child        a worker process as its supervisor sees it
    worker       a worker: the redirect service on an inherited socket
    heartbeat    what a worker reports: a line whenever it changes, and once a second
    listener     sockets that share a port
    status       /healthz, /readyz and /metrics of the supervisor
    worker_log   the supervisor's log
"""
