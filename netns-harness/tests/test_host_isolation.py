"""Addresses of guests are on devices of the host, and the host has nothing of it."""

import socket

import pytest
from harness import frames
from harness.router import IPV4, IPV6
from harness.topology import HOST_IPV4, HOST_IPV6, SHARED_MAC

GUEST_IPV6 = "fd00:50::beef"


def world_with_a_served_guest(make_world, host_address):
    """Returns the world and the guest's IPv4 address; its IPv6 address is GUEST_IPV6."""
    world = make_world(host_address=host_address)
    if not host_address:
        # It reaches the network, but has no address of its own there. In IPv6
        # the kernel then takes any address of any device, whatever its state:
        # l3sync(8) names this setting for such hosts.
        world.host.sysctl(net__ipv6__conf__h0__accept_ra=0, net__ipv6__conf__h0__use_oif_addrs_only=1)
        world.host.ip("route add 192.168.50.0/24 dev h0", "route add fd00:50::/64 dev h0")
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq(ra=True)
    world.start_l3sync()
    address = guest.client("raw").bind().your_address
    guest.send(frames.router_solicitation(SHARED_MAC))
    guest.wait(lambda frame: (m := frames.parse_icmp6(frame)) and m.type == frames.RA, what="RA")
    guest.own.add(GUEST_IPV6)
    guest.send(frames.dad_solicitation(SHARED_MAC, GUEST_IPV6))
    for learned in (address, GUEST_IPV6):
        world.kernel.wait_address("t0", learned)
        world.kernel.wait_no_local_route(learned)
    return world, address


@pytest.mark.parametrize("host_address", [True, False], ids=["own-address", "no-address"])
def test_host_never_uses_a_guests_address(make_world, host_address):
    """K1"""
    world, guest_ipv4 = world_with_a_served_guest(make_world, host_address)
    assert world.host_source_towards(IPV4) != guest_ipv4
    assert world.host_source_towards(IPV6) != GUEST_IPV6
    if not host_address:
        return
    for family, address, own in ((socket.AF_INET, IPV4, HOST_IPV4), (socket.AF_INET6, IPV6, HOST_IPV6)):
        with world.router.listener(family) as (port, peers):
            assert world.host_connects(address, port)
            assert peers == [own] or family == socket.AF_INET6 and GUEST_IPV6 not in peers


@pytest.mark.parametrize("host_address", [True, False], ids=["own-address", "no-address"])
def test_host_is_not_reached_under_a_guests_address(make_world, host_address):
    """F18, design §5.5: a service of the host that listens on every address is not the guest's."""
    world, guest_ipv4 = world_with_a_served_guest(make_world, host_address)
    for family, address in ((socket.AF_INET, guest_ipv4), (socket.AF_INET6, GUEST_IPV6)):
        with world.host_listener(family) as (port, peers):
            assert not world.host_connects(address, port, timeout=3)
            assert peers == []


def test_router_does_not_reach_the_host_under_a_guests_address(make_world):
    world, guest_ipv4 = world_with_a_served_guest(make_world, host_address=True)
    with world.host_listener() as (port, peers):
        with world.router.namespace.inside(), socket.socket() as connection:
            connection.settimeout(3)
            with pytest.raises(OSError):
                connection.connect((guest_ipv4, port))
        assert peers == []


def test_host_keeps_its_own_network(make_world):
    world, _ = world_with_a_served_guest(make_world, host_address=True)
    for own in (HOST_IPV4, HOST_IPV6):
        assert world.router.pings(own)
