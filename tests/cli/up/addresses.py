"""Where the servers of a run could be."""

from pathlib import Path
from typing import Final

from cli.up.environ import Addresses

ADDRESSES: Final = Addresses(
    kafka="127.0.0.1:1",
    postgres="postgresql://h/d",
    valkey="redis://h",
    keys_file=Path("/k"),
    password_file=Path(__file__),
    session_file=Path(__file__),
    data_dir=Path("/data"),
    geo_databases=(Path("/v4"), Path("/v6")),
    network_databases=(Path("/asn"),),
)
