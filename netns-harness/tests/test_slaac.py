"""Addresses that guests make themselves: the kernel's own client in unmodified guests."""

import pytest
from harness import frames, rtnetlink
from harness.router import IPV6, IPV6_PREFIX
from harness.topology import SHARED_MAC

LIFETIME = 3600
EUI64_LINK_LOCAL = "fe80::ff:fe00:99"
EUI64_GLOBAL = "fd00:50::ff:fe00:99"


def assert_learned(world, link, address, valid=LIFETIME):
    """K1: the shape of a learned IPv6 address."""
    found = world.kernel.wait_address(link, address)
    assert found.prefixlen == 128
    assert found.flags & rtnetlink.IFA_F_NOPREFIXROUTE
    assert not found.flags & rtnetlink.IFA_F_TENTATIVE
    assert found.preferred == 0, "or the host would choose it as its own source"
    assert found.proto > max(rtnetlink.KERNEL_PROTOS), "it bears our own tag"
    if valid:
        assert 0 < found.valid <= valid
    world.kernel.wait_no_local_route(address)


def assert_on_the_network(world, guest, count):
    addresses = guest.wait_ipv6(count)
    for address in addresses:
        assert_learned(world, guest.link, address)
        assert guest.pings(IPV6, source=address), address
        assert world.router.pings(address), address
    for address in guest.link_local():
        assert_learned(world, guest.link, address, valid=None)
    return addresses


@pytest.mark.smoke
def test_stable_privacy_and_temporary_addresses(world):
    """N4, N5, L1, L4: each is on its slave, and reaches the router."""
    (guest,) = world.namespace_guests("t0")
    routes = world.kernel.routes("main")
    world.router.start_dnsmasq(ra=True)
    l3sync = world.start_l3sync()
    guest.start_slaac(temporary=True)
    addresses = assert_on_the_network(world, guest, 2)
    assert len(addresses) == 2
    for address in addresses:
        l3sync.wait_event("address-confirmed", interface="t0", address=address)
    if world.sysctls == "quiet":  # otherwise the host itself may learn a route from the router
        assert world.kernel.routes("main") == routes


def test_guests_do_not_meet(default_world):
    world = default_world
    guests = world.namespace_guests("t0", "t1", "t2")
    world.router.start_dnsmasq(ra=True)
    world.start_l3sync()
    for guest in guests:
        guest.start_slaac()
    addresses = {guest.link: assert_on_the_network(world, guest, 1) for guest in guests}
    for link, own in addresses.items():
        for other, others in addresses.items():
            if other != link:
                assert not set(others) & set(world.kernel.learned(link))


def test_link_local_is_there_before_the_router_answers(world):
    """N4: a unicast RA needs the link-local on the slave."""
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq(ra=True)
    world.start_l3sync()
    guest.own.add("fe80::1234")
    guest.send(frames.dad_solicitation(SHARED_MAC, "fe80::1234"))
    assert_learned(world, "t0", "fe80::1234", valid=None)
    guest.send(frames.router_solicitation(SHARED_MAC, "fe80::1234"))
    guest.wait(lambda frame: (m := frames.parse_icmp6(frame)) and m.type == frames.RA and m.destination == "fe80::1234",
               what="the router's answer")


def test_link_local_is_learned_from_a_router_solicitation_alone(default_world):
    """N4: an optimistic guest does not wait for its duplicate detection."""
    world = default_world
    (guest,) = world.raw_guests("t0")
    world.start_l3sync()
    guest.send(frames.router_solicitation(SHARED_MAC, "fe80::4321"))
    assert_learned(world, "t0", "fe80::4321", valid=None)


def test_identifier_of_the_link_local_is_combined_with_the_prefix(default_world):
    """N5: on each RA, for guests whose identifier is the same in every prefix."""
    world = default_world
    (guest,) = world.raw_guests("t0")
    world.start_l3sync()
    guest.send(frames.dad_solicitation(SHARED_MAC, "fe80::abcd"))
    assert_learned(world, "t0", "fe80::abcd", valid=None)
    world.router.start_dnsmasq(ra=True)  # it advertises when it starts
    assert_learned(world, "t0", f"{IPV6_PREFIX}abcd")


def test_claim_outside_an_advertised_prefix_is_not_learned(default_world):
    """N5"""
    world = default_world
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq(ra=True)
    l3sync = world.start_l3sync()
    guest.send(frames.router_solicitation(SHARED_MAC))
    guest.wait(lambda frame: (m := frames.parse_icmp6(frame)) and m.type == frames.RA, what="RA")
    guest.send(frames.dad_solicitation(SHARED_MAC, "2001:db8::66"))
    guest.send(frames.dad_solicitation(SHARED_MAC, "fd00:50::66"))
    assert_learned(world, "t0", "fd00:50::66")
    world.fence()
    assert "2001:db8::66" not in world.kernel.learned("t0")
    assert not l3sync.find("address-requested", address="2001:db8::66")


def test_address_of_a_sibling_stays_where_it_is(default_world):
    """D5, T2: first come, first served; a guest cannot take another's address."""
    world = default_world
    owner, thief = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq(ra=True)
    world.start_l3sync()
    owner.send(frames.router_solicitation(SHARED_MAC))
    owner.wait(lambda frame: (m := frames.parse_icmp6(frame)) and m.type == frames.RA, what="RA")
    owner.own.add("fd00:50::77")
    owner.send(frames.dad_solicitation(SHARED_MAC, "fd00:50::77"))
    owner.send(frames.neighbour_advertisement(SHARED_MAC, "fd00:50::77"))
    assert_learned(world, "t0", "fd00:50::77")
    thief.send(frames.dad_solicitation(SHARED_MAC, "fd00:50::77"))
    thief.send(frames.neighbour_advertisement(SHARED_MAC, "fd00:50::77"))
    world.fence()
    assert_learned(world, "t0", "fd00:50::77")
    assert "fd00:50::77" not in world.kernel.learned("t1")
    assert world.router.pings("fd00:50::77")


def test_router_s_address_is_not_given_to_a_guest(default_world):
    """T7"""
    world = default_world
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq(ra=True)
    world.start_l3sync()
    guest.send(frames.router_solicitation(SHARED_MAC))
    guest.wait(lambda frame: (m := frames.parse_icmp6(frame)) and m.type == frames.RA, what="RA")
    guest.send(frames.dad_solicitation(SHARED_MAC, "fe80::1"))
    world.fence()
    assert "fe80::1" not in world.kernel.learned("t0")


def test_eui64_of_the_shared_mac_is_refused(world):
    """F11: every guest would claim it."""
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq(ra=True)
    l3sync = world.start_l3sync()
    guest.send(frames.dad_solicitation(SHARED_MAC, EUI64_LINK_LOCAL))
    guest.send(frames.router_solicitation(SHARED_MAC))
    guest.wait(lambda frame: (m := frames.parse_icmp6(frame)) and m.type == frames.RA, what="RA")
    guest.send(frames.dad_solicitation(SHARED_MAC, EUI64_GLOBAL))
    for address in (EUI64_LINK_LOCAL, EUI64_GLOBAL):
        assert l3sync.wait_event("address-refused", interface="t0", address=address)["reason"]
    world.fence()
    assert world.kernel.learned("t0") == []


def test_eui64_goes_to_the_first_guest_when_allowed(make_world):
    """F11: while the host does not use it itself."""
    world = make_world(sysctls="quiet")
    first, second = world.raw_guests("t0", "t1")
    world.host.ip("link set h0 addrgenmode none", "link set h0 down", "link set h0 up")
    world.router.start_dnsmasq(ra=True)
    world.start_l3sync("--eui64=first")
    first.send(frames.dad_solicitation(SHARED_MAC, EUI64_LINK_LOCAL))
    assert_learned(world, "t0", EUI64_LINK_LOCAL, valid=None)
    second.send(frames.dad_solicitation(SHARED_MAC, EUI64_LINK_LOCAL))
    world.fence()
    assert EUI64_LINK_LOCAL not in world.kernel.learned("t1")


def test_what_the_hosts_kernel_says_on_a_slave_is_not_learned(default_world):
    """Design §6: with default sysctls it sends DAD, RS and MLD there before its own address is announced."""
    world = default_world
    world.router.start_dnsmasq(ra=True)
    l3sync = world.start_l3sync()
    world.add_slaves("t0")
    own = world.kernel.wait(
        lambda: [a for a in world.kernel.addresses("t0") if a.proto in rtnetlink.KERNEL_PROTOS
                 and not a.flags & rtnetlink.IFA_F_TENTATIVE], 30, "the kernel's link-local on t0")[0]
    # Its identifier in the prefix of a later RA.
    world.router.start_dnsmasq(ra=True)
    world.fence()
    assert world.kernel.learned("t0") == []
    assert not l3sync.find("address-requested", interface="t0")
    assert world.kernel.address("t0", own.address), "and it is left alone"
