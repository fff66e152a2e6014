"""Sockets that share a port (SO_REUSEPORT): the kernel gives each connection to one of the listening sockets.

A connection waits in the queue of its socket, and is reset when that socket is closed. So the supervisor keeps each
socket open from one worker to the next. The supervisor binds and never listens: a socket's first worker calls `listen`
when it can respond.
"""

import socket


def reserve(host: str, port: int) -> socket.socket:
    """Bind a socket that shares its port. Raises OSError when another program uses the port."""
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
    """Bind `count` sockets to one port; port 0 means a free one. Raises OSError."""
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
    """Replace a listening socket by one that does not listen, so that the kernel gives it no connections.

    Connections waiting on the old socket are reset. Raises OSError.
    """
    fresh = reserve(*address_of(listener))
    listener.close()
    return fresh


def address_of(listener: socket.socket) -> tuple[str, int]:
    host, port = listener.getsockname()[:2]
    return host, port
