"""Sockets that share a port: the kernel gives each connection to one of those that listen.

A connection waits in the queue of the socket it was given to, and is reset when that is closed. So the supervisor keeps
each socket open from one worker to the next. It binds and never listens: the first worker of a socket does, when it
can answer.
"""

import socket


def reserve(host: str, port: int) -> socket.socket:
    """Bind a socket beside others on the same port. Raises OSError when the port is another program's."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = addresses[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def reserve_many(host: str, port: int, count: int) -> list[socket.socket]:
    """Bind so many sockets to one port; with 0, to one that is free. Raises OSError."""
    listeners = [reserve(host, port)]
    try:
        while len(listeners) < count:
            listeners.append(reserve(*address_of(listeners[0])))
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def renew(listener: socket.socket) -> socket.socket:
    """Give a socket that does not listen in the place of one that does: the kernel passes it over from now on.

    What waits on the old one is reset. Raises OSError.
    """
    fresh = reserve(*address_of(listener))
    listener.close()
    return fresh


def address_of(listener: socket.socket) -> tuple[str, int]:
    host, port = listener.getsockname()[:2]
    return host, port
