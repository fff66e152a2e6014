"""Sockets that share a port."""

import socket
from contextlib import suppress

import pytest

from ingest.supervisor.listener import address_of, renew, reserve, reserve_many
from tests.waiting import PATIENCE_S


def connects(address: tuple[str, int]) -> bool:
    with suppress(ConnectionRefusedError), socket.create_connection(address, timeout=PATIENCE_S):
        return True
    return False


def test_all_are_on_one_port_and_connections_go_only_to_those_that_listen() -> None:
    silent, listening = reserve_many("127.0.0.1", 0, 2)
    with silent, listening:
        address = address_of(silent)
        assert address == address_of(listening)
        assert not connects(address)
        listening.listen()
        assert all(connects(address) for _ in range(20))
        listening.settimeout(PATIENCE_S)
        for _ in range(20):
            listening.accept()[0].close()


def test_what_has_connected_waits_as_long_as_the_socket_is_open_somewhere() -> None:
    listener = reserve("127.0.0.1", 0)
    of_a_worker = listener.dup()
    of_a_worker.listen()
    with listener, socket.create_connection(address_of(listener), timeout=PATIENCE_S) as visitor:
        visitor.send(b"GET")
        of_a_worker.close()
        successor, _ = listener.accept()
        with successor:
            assert successor.recv(10) == b"GET"


def test_a_renewed_socket_is_passed_over_and_the_others_get_every_connection() -> None:
    dead, living = reserve_many("127.0.0.1", 0, 2)
    dead.listen()
    living.listen()
    renewed = renew(dead)
    with renewed, living:
        assert address_of(renewed) == address_of(living)
        assert all(connects(address_of(living)) for _ in range(20))
        living.settimeout(PATIENCE_S)
        for _ in range(20):
            living.accept()[0].close()


def test_another_programs_port_is_not_shared() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        reserve("127.0.0.1", other.getsockname()[1])


def test_version_6_of_the_address_leaves_version_4_alone() -> None:
    with reserve("::1", 0) as listener, renew(listener) as renewed:
        assert renewed.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
        assert renewed.getsockname()[0] == "::1"
