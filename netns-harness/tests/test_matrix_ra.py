"""SLAAC: the kernel of a guest in each of its ways to form an address, with each router.

CI runs half of the cells, as of DHCPv4; `netns-harness/check matrix` runs them all.
"""

import pytest
from harness import frames
from harness.guest import NIC
from harness.router import IPV6, IPV6_PREFIX
from harness.servers import RA_SERVERS

pytestmark = pytest.mark.matrix

EUI64_LINK_LOCAL, EUI64_GLOBAL = "fe80::ff:fe00:99", f"{IPV6_PREFIX}ff:fe00:99"
TOKEN = f"{IPV6_PREFIX}1:2:3:4"
FAILED = 0x08


def stable_privacy(guest):
    """RFC 7217: addr_gen_mode 2, with a secret."""
    guest.start_slaac()


def random_secret(guest):
    """addr_gen_mode 3: the kernel makes the secret."""
    guest.namespace.sysctl(**{f"net__ipv6__conf__{NIC}__addr_gen_mode": 3})
    guest.start_slaac(stable_privacy=False)


def temporary(guest):
    """RFC 8981, beside the stable one."""
    guest.start_slaac(temporary=True)


def token(guest):
    """`ip token`: the administrator's identifier in every prefix."""
    guest.namespace.sysctl(**{f"net__ipv6__conf__{NIC}__{name}": 1 for name in ("accept_ra", "autoconf")})
    guest.namespace.ip(f"token set ::1:2:3:4 dev {NIC}")
    guest.start_slaac()


def eui64(guest):
    guest.start_slaac(stable_privacy=False)


# How many global addresses each has.
GUESTS = {"stable-privacy": (stable_privacy, 1), "random": (random_secret, 1), "temporary": (temporary, 2),
          "token": (token, 1), "eui64-first": (eui64, 1), "eui64-refused": (eui64, 0)}


def cells():
    for row, guest in enumerate(GUESTS):
        for column, server in enumerate(RA_SERVERS):
            rest = [pytest.mark.matrix_rest] if (row + column) % 2 else []
            yield pytest.param(guest, server, id=f"{guest}-{server}", marks=rest)


def nd(captured, kind):
    return [message for message in map(frames.parse_icmp6, captured) if message and message.type == kind]


@pytest.fixture
def world(make_world):
    """The host leaves the EUI-64 of the MAC that all share to its guests."""
    world = make_world(sysctls="quiet")
    world.host.ip("link set h0 addrgenmode none", "link set h0 down", "link set h0 up")
    return world


@pytest.mark.parametrize("kind, server", cells())
def test_address_from_advertisement_to_router(world, kind, server):
    """N4, N5, L1, D7: with one solicitation each address is on its slave with the guest's lifetime, and reaches the
    router; or it is refused, and said why."""
    configure, count = GUESTS[kind]
    (guest,) = world.namespace_guests("t0")
    server = world.router.start_server(server)
    l3sync = world.start_l3sync(*(["--eui64=first"] if kind == "eui64-first" else []))
    configure(guest)
    if not count:
        refused = l3sync.wait_event("address-refused", interface="t0", address=EUI64_LINK_LOCAL)
        assert refused["reason"] == "shared_eui64"
        world.router.advertise(IPV6_PREFIX, valid=server.valid)
        refused = l3sync.wait_event("address-refused", interface="t0", address=EUI64_GLOBAL)
        assert refused["reason"] == "shared_eui64"
        assert world.kernel.learned("t0") == []
        return

    addresses = guest.wait_ipv6(count)
    assert len(addresses) == count
    if kind == "token":
        assert addresses == [TOKEN]
    if kind == "eui64-first":
        assert addresses == [EUI64_GLOBAL]
    for address in addresses:
        l3sync.wait_event("address-confirmed", interface="t0", address=address, origin="slaac")
        here, there = world.kernel.wait_address("t0", address), guest.kernel.address(NIC, address)
        assert here.prefixlen == 128 and here.preferred == 0
        assert here.valid <= server.valid and abs(here.valid - there.valid) <= server.valid // 16 + 5
        assert guest.pings(IPV6, source=address)
        assert world.router.pings(address)
    (link_local,) = guest.link_local()
    assert world.kernel.address("t0", link_local)
    assert not [a for a in guest.kernel.addresses(NIC) if a.flags & FAILED]
    assert not l3sync.find("address-refused", interface="t0")

    # A router may have spoken before the guest asked; that said, it asks once.
    solicitations, advertisements = nd(guest.sent(), frames.RS), nd(guest.received(), frames.RA)
    assert len(solicitations) <= 1 and advertisements
    if server.name == "radvd-unicast":
        assert len(solicitations) == 1
        assert [message.destination for message in advertisements] == [link_local]
