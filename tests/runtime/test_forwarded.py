"""The header Forwarded, where it is the one that is believed."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from runtime.client_address import TrustedProxies, parse_networks
from runtime.forwarded import read_node, read_scheme
from tests.examples import examples
from tests.runtime import reference_implementation

MODEST = examples(200)
TRUSTED = {IPv4Address("10.0.0.1"), IPv4Address("127.0.0.1"), IPv6Address("fd00::1")}
NETWORKS = parse_networks(map(str, TRUSTED))
PROXIES = TrustedProxies(NETWORKS, "forwarded")
PROXY = "10.0.0.1"

addresses = st.ip_addresses().filter(lambda address: address not in TRUSTED and not is_mapped(address))
ports = st.sampled_from(["", ":4711", ":_hidden"])
extras = st.sampled_from([[], ["proto=https"], ['host="a,b;for=1.1.1.1"'], ['by="_x\\"y"', "Proto=http"], [""]])
pieces = st.sampled_from(
    ["for=", "For=", "8.8.8.8", "10.0.0.1", '"[2001:db8::1]:80"', "[fd00::1]", '"', "\\", ",", ";", " ", "=", "by=x"]
)
noise = st.lists(pieces, max_size=12).map("".join) | st.text(max_size=30)


def is_mapped(address: IPv4Address | IPv6Address) -> bool:
    return isinstance(address, IPv6Address) and address.ipv4_mapped is not None


def client(peer: str | None, *lines: str, proxies: TrustedProxies = PROXIES, **others: str) -> str:
    headers = CIMultiDict([("Forwarded", line) for line in lines])
    headers.update({name.replace("_", "-"): value for name, value in others.items()})
    return str(proxies.find_client(peer, CIMultiDictProxy(headers)))


@st.composite
def elements(draw: st.DrawFn, of: st.SearchStrategy[IPv4Address | IPv6Address]) -> str:
    """What a proxy writes for an address: quoted where it must be and sometimes where it need not, with other pairs."""
    address, port = draw(of), draw(ports)
    node = f"[{address}]{port}" if isinstance(address, IPv6Address) else f"{address}{port}"
    quoted = isinstance(address, IPv6Address) or port or draw(st.booleans())
    pair = draw(st.sampled_from(["for", "For", "FOR"])) + "=" + (f'"{node}"' if quoted else node)
    others = draw(extras)
    at = draw(st.integers(0, len(others)))
    return draw(st.sampled_from([";", " ; "])).join([*others[:at], pair, *others[at:]])


@pytest.mark.parametrize(
    ("element", "node"),
    [
        ("for=192.0.2.43", "192.0.2.43"),
        ('for="192.0.2.43"', "192.0.2.43"),
        ('for="192.0.2.43:4711"', "192.0.2.43:4711"),
        ('for="192.0.2.43:_port"', "192.0.2.43:_port"),
        ('for="192.0.2\\.43"', "192.0.2.43"),
        ('For="[2001:db8::1]"', "[2001:db8::1]"),
        ('FOR="[2001:db8::1]:4711"', "[2001:db8::1]:4711"),
        (" \tproto=https;by=203.0.113.43;for=192.0.2.60 ", "192.0.2.60"),
        ("for=192.0.2.60;", "192.0.2.60"),
        (";;for=192.0.2.60 ; proto=http", "192.0.2.60"),
        ('host="a,b;for=1.1.1.1";for=192.0.2.60', "192.0.2.60"),
        ('by="\\";for=1.1.1.1;\\\\";for=192.0.2.60', "192.0.2.60"),
        ('host="\u00fc\udcff";for=192.0.2.60', "192.0.2.60"),
    ],
)
def test_whom_an_element_is_for_is_read_as_proxies_write_it(element: str, node: str) -> None:
    assert read_node(element) == node


@pytest.mark.parametrize(
    "element",
    [
        "",
        ";",
        "for",
        "for=",
        "=192.0.2.43",
        "192.0.2.43",
        "for=unknown",
        "for=_hidden",
        'for="_hidden:4711"',
        "proto=https;by=192.0.2.43",
        "for=192.0.2.43;for=192.0.2.44",
        "for=192.0.2.43;For=192.0.2.43",
        "for =192.0.2.43",
        "for= 192.0.2.43",
        "for=192.0.2.43 proto=http",
        "for=192.0.2.43;proto",
        "for=192.0.2.43;proto=a:b",
        "for=192.0.2.43:4711",
        "for=2001:db8::1",
        'for="2001:db8::1"',
        "for=[2001:db8::1]",
        'for="[2001:db8::1"',
        'for="[192.0.2.43]"',
        'for="[2001:db8::1]4711"',
        'for="192.0.2.43:"',
        'for="192.0.2.43:471100"',
        'for="192.0.2.43',
        'for=192.0.2.43"',
        'for="192.0.2.43"x',
        'for="192.0.2.43\\"',
        'for="192.0.2.43";x="\0"',
        "xfor=192.0.2.43",
        "f\u00f6r=192.0.2.43",
        "for=\u0661.2.3.4",
    ],
)
def test_what_is_malformed_or_hidden_is_nobody(element: str) -> None:
    assert read_node(element) is None


def test_the_rightmost_untrusted_of_all_lines_is_the_client() -> None:
    assert client(PROXY, "for=1.1.1.1, for=2.2.2.2", 'for="[2001:db8::9]:1", for=127.0.0.1', 'for="[fd00::1]"') == (
        "2001:db8::9"
    )


def test_a_chain_of_trusted_proxies_alone_gives_its_far_end() -> None:
    assert client(PROXY, 'for="[fd00::1]"', "for=127.0.0.1") == "fd00::1"


@pytest.mark.parametrize("unreadable", ["for=unknown", "for=_hidden", "proto=http", "8.8.8.8", "for=999.1.1.1"])
def test_an_unreadable_element_ends_the_chain_at_the_proxy_that_passed_it_on(unreadable: str) -> None:
    assert client(PROXY, f"for=8.8.8.8, {unreadable}, for=127.0.0.1") == "127.0.0.1"
    assert client(PROXY, "for=8.8.8.8", unreadable) == PROXY


def test_a_mapped_address_is_the_v4_address_it_is() -> None:
    assert client("::ffff:10.0.0.1", 'for="[::ffff:8.8.8.8]"') == "8.8.8.8"


@pytest.mark.parametrize("forged", ['for="', 'x="\\', "for=1.1.1.1;x=\"a'", '"', "\\", ',,"', 'for="1.1.1.1, '])
def test_a_quote_that_a_client_leaves_open_swallows_nothing(forged: str) -> None:
    for lines in ([f"{forged}, for=8.8.8.8"], [forged, "for=8.8.8.8"], [forged, 'for="8.8.8.8";host="a,b"']):
        assert client(PROXY, *lines) == "8.8.8.8"


def test_of_an_endless_header_only_the_last_pieces_are_read() -> None:
    assert client(PROXY, ",".join(["for=8.8.8.8", *["for=127.0.0.1"] * 10_000])) == "127.0.0.1"
    assert client(PROXY, 'for="' + "," * 10_000 + '"', "for=127.0.0.1") == "127.0.0.1"


def test_only_the_chosen_header_is_looked_at() -> None:
    plain = TrustedProxies(NETWORKS)

    assert client(PROXY, "for=8.8.8.8", X_Forwarded_For="9.9.9.9") == "8.8.8.8"
    assert client(PROXY, "for=8.8.8.8", proxies=plain, X_Forwarded_For="9.9.9.9") == "9.9.9.9"
    assert client(PROXY, X_Forwarded_For="9.9.9.9") == PROXY
    assert client(PROXY, "for=8.8.8.8", proxies=plain) == PROXY


def test_a_peer_without_an_address_is_believed_in_nothing() -> None:
    assert client(None, "for=8.8.8.8") == "0.0.0.0"  # noqa: S104 - the address of nobody


@MODEST
@given(addresses, st.lists(elements(addresses) | noise))
def test_what_a_peer_sends_that_is_not_trusted_changes_nothing(
    peer: IPv4Address | IPv6Address, lines: list[str]
) -> None:
    assert client(str(peer), *lines) == client(str(peer)) == str(peer)


@MODEST
@given(visitor=addresses, data=st.data(), forged=st.lists(elements(addresses) | noise), joined=st.booleans())
def test_what_a_client_writes_left_of_what_its_proxy_adds_is_never_believed(
    *, visitor: IPv4Address | IPv6Address, data: st.DataObject, forged: list[str], joined: bool
) -> None:
    added = data.draw(elements(st.just(visitor)))
    passed_on = data.draw(st.lists(elements(st.sampled_from(sorted(TRUSTED, key=str))), max_size=3))
    lines = [*forged, added, *passed_on]

    assert client(PROXY, *([", ".join(lines)] if joined else lines)) == str(visitor)


@MODEST
@given(
    forged=st.lists(elements(addresses) | noise),
    unreadable=st.sampled_from(["for=unknown", 'for="_hidden"', "by=x", "for=10.0.0.1;x", "10.0.0.1"]),
    passed_on=st.lists(elements(st.sampled_from(sorted(TRUSTED, key=str))), max_size=3),
)
def test_what_stands_left_of_an_unreadable_element_changes_nothing(
    forged: list[str], unreadable: str, passed_on: list[str]
) -> None:
    assert client(PROXY, *forged, unreadable, *passed_on) == client(PROXY, unreadable, *passed_on)


@MODEST
@given(st.lists(elements(addresses) | elements(st.sampled_from(sorted(TRUSTED, key=str))) | noise, max_size=6))
@example(['x="a, for=8.8.8.8;bad"'])
@example(['x="', '";for=8.8.8.8'])
@example(["for=8.8.8.8", 'for="10.0.0.1', '"'])
def test_any_lines_are_read_as_the_reference_implementation_reads_them(lines: list[str]) -> None:
    assert client(PROXY, *lines) == str(reference_implementation.find_client(ip_address(PROXY), TRUSTED, lines))


@pytest.mark.parametrize(
    ("headers", "scheme"),
    [
        ([], None),
        ([("X-Forwarded-Proto", "")], None),
        ([("X-Forwarded-Proto", "https")], "https"),
        ([("x-forwarded-proto", " HTTPS ")], "https"),
        ([("X-Forwarded-Proto", "https, https")], "https"),
        ([("X-Forwarded-Proto", "https,http")], "https"),
        ([("X-Forwarded-Proto", "http, https")], "http"),
        ([("X-Forwarded-Proto", " ,, https")], "https"),
        ([("X-Forwarded-Proto", "https"), ("X-Forwarded-Proto", "http")], "https"),
        ([("Forwarded", "for=8.8.8.8;proto=https")], "https"),
        ([("Forwarded", 'Proto="HTTPS", for=10.0.0.1;proto=http')], "https"),
        ([("Forwarded", "for=8.8.8.8"), ("Forwarded", "for=10.0.0.1;proto=https")], "https"),
        ([("Forwarded", 'host="a,proto=http";proto=https')], "https"),
        ([("Forwarded", 'for="8.8.8.8, proto=http')], "http"),
        ([("Forwarded", 'for="8.8.8.8;proto=http')], None),
        ([("Forwarded", "proto=http"), ("X-Forwarded-Proto", "https")], "https"),
    ],
)
def test_the_scheme_is_the_one_the_first_proxy_saw(headers: list[tuple[str, str]], scheme: str | None) -> None:
    assert read_scheme(CIMultiDictProxy(CIMultiDict(headers))) == scheme


@MODEST
@given(st.lists(elements(addresses) | noise), st.lists(noise))
def test_reading_the_scheme_never_fails(lines: list[str], schemes: list[str]) -> None:
    headers = [*[("Forwarded", line) for line in lines], *[("X-Forwarded-Proto", line) for line in schemes]]
    scheme = read_scheme(CIMultiDictProxy(CIMultiDict(headers)))
    assert scheme is None or scheme == scheme.strip(" \t").lower() != ""
