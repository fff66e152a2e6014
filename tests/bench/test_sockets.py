"""Traffic of processes, as `ss` tells it."""

import os
import shutil
import socket

import pytest

from bench.sockets import Traffic, read_traffic, sum_traffic

OUTPUT = """\
0 0 127.0.0.1:40000 127.0.0.1:19092 users:(("python",pid=7,fd=8)) bbr bytes_sent:100 bytes_acked:100 bytes_received:20
0 0 127.0.0.1:40001 127.0.0.1:19092 users:(("python",pid=7,fd=9)) bbr bytes_sent:11 bytes_received:2
0 0     [::1]:40002     [::1]:19092 users:(("python",pid=8,fd=9)) bbr bytes_received:5
0 0 127.0.0.1:40003 127.0.0.1:5432 users:(("python",pid=9,fd=9)) bbr bytes_sent:1000 bytes_received:1000
0 0 127.0.0.1:19092 127.0.0.1:40000 users:(("java",pid=1,fd=9)) bbr bytes_sent:20 bytes_received:100
"""


def test_the_connections_of_these_processes_are_summed_up_by_server() -> None:
    servers = {19092: "Kafka", 5432: "PostgreSQL"}

    assert sum_traffic(OUTPUT, {7, 8}, servers) == {"Kafka": Traffic(111, 27), "PostgreSQL": Traffic()}


@pytest.mark.skipif(shutil.which("ss") is None, reason="ss (iproute2) is not installed")
def test_what_was_sent_over_an_open_connection_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        with socket.create_connection(address) as client, server.accept()[0] as other:
            client.sendall(b"x" * 1000)
            other.sendall(b"x" * 10)
            client.recv(10)

            assert read_traffic({os.getpid()}, {address[1]: "server"}) == {"server": Traffic(1000, 10)}
