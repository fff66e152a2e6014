from ipaddress import ip_address
from random import Random

import pytest

from simulate.addresses import Networks
from simulate.traces import networks

NAMES = [name for name in dir(networks) if isinstance(getattr(networks, name), Networks)]


@pytest.mark.parametrize("name", NAMES)
def test_every_address_is_public(name: str) -> None:
    rng = Random(1)
    assert not [one for _ in range(300) if not ip_address(one := getattr(networks, name).draw(rng)).is_global]
