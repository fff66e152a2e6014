"""Several workers on one port: a process that owns the sockets, and as many redirect services as there are slots.

Takes connections never, keeps for each slot a listening socket that outlives its workers, and promises that what
visitors have sent to it waits for the next worker: after a death, after a worker that stands still has been killed, and
in a roll, where no request fails. It stays small and simple, because nobody watches it: it imports no client of a
server, no web framework and no logging library.

    run         from start to exit code
    supervise   all slots: started, rolled, stopped
    slot        one socket and its worker, and the successor of that
    child       a worker as its supervisor sees it
    worker      a worker: the redirect service on a socket it has inherited
    reports     what a worker says of itself: a line whenever it changes, and once a second
    listener    sockets that share a port
    status      /healthz, /readyz, /metrics of the supervisor
    lines       its log
"""
