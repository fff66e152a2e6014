from ipaddress import ip_address

from enricher.facts.address_cache import MOST_CACHED, AddressCache
from enricher.steps.database import IpAddress

FIRST = 0x51020000


class Counting:
    """Answers with the address as a text, and knows how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def find(self, address: IpAddress) -> str:
        self.asked += 1
        return str(address)


def test_an_address_that_was_asked_before_is_not_looked_up_again() -> None:
    source = Counting()
    cache = AddressCache(source.find)

    answers = [cache.find(ip_address(text)) for text in ("81.2.69.142", "2001:db8::1", "81.2.69.142", "2001:db8::1")]

    assert answers == ["81.2.69.142", "2001:db8::1", "81.2.69.142", "2001:db8::1"]
    assert source.asked == 2


def test_answers_are_forgotten_when_there_are_too_many() -> None:
    source = Counting()
    cache = AddressCache(source.find)
    for number in range(MOST_CACHED):
        cache.find(ip_address(FIRST + number))

    cache.find(ip_address(FIRST))
    assert source.asked == MOST_CACHED

    cache.find(ip_address(FIRST + MOST_CACHED))
    assert cache.find(ip_address(FIRST)) == "81.2.0.0"
    assert source.asked == MOST_CACHED + 2
