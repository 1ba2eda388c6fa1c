"""Each kind of parent: a DHCPv4 client, SLAAC, and what only this kind does.

Not built: a physical card (there is none in a VM); a Wi-Fi driver that does not drop what the access point
reflects, as mac80211 does (no simulation has it: `reflecting` stands for it); a station with 4-address frames (ipvlan is
for those that may not have them); several access points of one network (hwsim's stations roam as they join again).
"""

import struct

import pytest
from harness import frames, wifi
from harness.router import IPV4, IPV6, LINK_LOCAL
from harness.router import MAC as ROUTER_MAC
from harness.topology import PARENTS, SHARED_MAC
from test_forged_messages import LOOT, forged_dhcp
from test_links import bound_guest
from test_matrix_dhcp4 import live_through_a_lease
from test_slaac import assert_on_the_network

NEEDS_WIFI = pytest.mark.skipif(bool(wifi.why_not()), reason=wifi.why_not() or "")


# As a bond it is another one only while a leg fails.
MARKS = {"wifi": [NEEDS_WIFI], "bond-of-several-macs": [pytest.mark.matrix_rest], "macvlan": [pytest.mark.matrix_rest]}


def kinds(*names):
    return [pytest.param(name, marks=MARKS.get(name, [])) for name in names]


@pytest.mark.matrix
@pytest.mark.parametrize("parent", kinds(*PARENTS))
def test_dhcp4_lease_from_first_to_last(make_world, parent):
    """S4-3, S4-4, S4-8, S4-10, C1, C3, F20: bound at the first try, renewed, released, and nothing came twice."""
    live_through_a_lease(make_world(parent=parent), "udhcpc", "dnsmasq")


@pytest.mark.matrix
@pytest.mark.parametrize("parent", kinds(*PARENTS))
def test_slaac(make_world, parent):
    """N4, N5, L1, F20"""
    world = make_world(parent=parent)
    (guest,) = world.namespace_guests("t0")
    world.router.start_dnsmasq(ra=True)
    world.start_l3sync()
    guest.start_slaac()
    assert len(assert_on_the_network(world, guest, 1)) == 1


@pytest.mark.parametrize("parent", kinds("vlan", "bond"))
def test_guests_bind_and_no_reply_comes_twice(make_world, parent):
    """C1, C3: the second copy, on the lower device, is nobody's; the parent's own VLAN is not a foreign one."""
    world = make_world(parent=parent)
    guests = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    clients = [guest.client(f"raw-{guest.link}") for guest in guests]
    for client in clients:
        address = client.bind().your_address
        world.kernel.wait_address(client.guest.link, address)
        assert world.router.pings(address)
    world.fence()
    for client in clients:
        assert world.kernel.learned(client.guest.link) == [client.address]
        for kind in (frames.OFFER, frames.ACK):
            assert len(client.replies(kind)) == 1
        assert len(l3sync.find("reply-delivered", interface=client.guest.link)) == 1
        assert len(l3sync.find("address-requested", interface=client.guest.link, address=client.address)) == 1


def assert_reachable(world, *addresses):
    for address in addresses:
        assert world.router.pings(address), address


def came_back(frame):
    """A frame of a guest that the parent receives."""
    return frame[6:12] == frames.mac_bytes(SHARED_MAC)


def bind_and_claim(world, guest, claim):
    """A lease, and an address of the guest's own making. Returns the DHCP client."""
    client = guest.client(f"raw-{guest.link}")
    world.kernel.wait_address(guest.link, client.bind().your_address)
    guest.own.add(claim)
    guest.send(frames.dad_solicitation(SHARED_MAC, claim))
    world.kernel.wait_address(guest.link, claim)
    return client


def assert_nothing_learned_twice(world, l3sync, client, claim):
    """By nobody else, and not as another's."""
    world.fence()
    assert world.kernel.learned("t0") == sorted([client.address, claim])
    assert world.kernel.learned("t1") == []
    assert not l3sync.find("address-conflict")
    for kind in (frames.OFFER, frames.ACK):
        assert len(client.replies(kind)) == 1
    for address in (client.address, claim):
        assert len(l3sync.find("address-requested", address=address)) == 1


def test_what_the_wire_sends_back_says_nothing(make_world):
    """F20, C2, D3: guests' own messages come in on the parent once more, for all slaves to hear."""
    world = make_world(parent="reflecting")
    guest, _ = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    parent = world.sniffer()
    client = bind_and_claim(world, guest, "fe80::77")
    for kind in (frames.DISCOVER, frames.REQUEST):
        parent.wait(lambda frame: (m := frames.parse_dhcp(frame, ports=(68, 67))) and m.type == kind and came_back(frame),
                    what=f"DHCP message {kind} that came back")
    parent.wait(lambda frame: (m := frames.parse_icmp6(frame)) and m.target == "fe80::77" and came_back(frame),
                what="the neighbour solicitation that came back")
    assert_nothing_learned_twice(world, l3sync, client, "fe80::77")
    assert_reachable(world, client.address)


@NEEDS_WIFI
def test_what_the_access_point_repeats_says_nothing(make_world):
    """F20: it sends each broadcast on to all its stations, the sender too, whose kernel drops it."""
    world = make_world(parent="wifi")
    guest, _ = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    parent, air = world.sniffer(), world.sniffer(world.parent.listen_to_the_air())
    client = bind_and_claim(world, guest, "fe80::77")
    air.wait(lambda frame: wifi.repeated(frame, SHARED_MAC), what="a broadcast of ours, repeated")
    assert_nothing_learned_twice(world, l3sync, client, "fe80::77")
    assert not parent.matching(came_back), "then the test above is this kernel's, too"
    assert_reachable(world, client.address)


@NEEDS_WIFI
@pytest.mark.matrix
@pytest.mark.matrix_rest  # it takes half a minute
def test_addresses_outlive_a_restart_of_the_access_point(make_world):
    """F17: a slave without a carrier keeps what it has."""
    world = make_world(parent="wifi")
    (guest,) = world.namespace_guests("t0")
    world.router.start_dnsmasq(ra=True)
    l3sync = world.start_l3sync()
    guest.start_slaac()
    (ipv6,) = assert_on_the_network(world, guest, 1)
    guest.start_udhcpc()
    ipv4 = guest.wait_ipv4()
    assert_reachable(world, ipv4)
    learned, mark = world.kernel.learned("t0"), l3sync.mark()
    assert {ipv4, ipv6} < set(learned)

    world.parent.stop_access_point()
    assert world.kernel.learned("t0") == learned
    world.parent.start_access_point()
    world.parent.wait_joined(times=2)

    assert_reachable(world, ipv4, ipv6)
    assert guest.pings(IPV4) and guest.pings(IPV6, source=ipv6)
    world.add_slaves("t1")
    _, other = bound_guest(world, "t1")
    assert_reachable(world, other)
    assert world.kernel.learned("t0") == learned
    assert not l3sync.find("address-removed", since=mark)


@pytest.mark.parametrize("parent", ["bond", "bond-of-several-macs"])
def test_addresses_outlive_the_failure_of_a_leg(make_world, parent):
    """F20: with fail_over_mac=active the guests' MAC is another one from then on."""
    world = make_world(parent=parent)
    world.add_slaves("t0", "t1")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    client, address = bound_guest(world, "t0")
    assert_reachable(world, address)
    mark = l3sync.mark()

    world.parent.fail_over()
    mac = world.parent.mac()
    assert (mac != SHARED_MAC) == (parent == "bond-of-several-macs")
    assert world.kernel.learned("t0") == [address]
    other = world.raw_guest("t1")
    other.mac = client.guest.mac = mac  # as their configuration says
    client.renew()
    client.wait_ack()
    fresh = other.client("raw-t1")
    world.kernel.wait_address("t1", fresh.bind().your_address)
    # The router may have the old MAC in its neighbour table for a while.
    world.router.namespace.ip("neigh flush dev r0")
    assert_reachable(world, address, fresh.address)
    for kind in (frames.OFFER, frames.ACK):
        assert len(fresh.replies(kind)) == 1
    assert not l3sync.find("address-removed", since=mark)


def tagged(frame, vlan):
    return frame[:12] + struct.pack("!HH", 0x8100, vlan) + frame[12:]


@pytest.mark.parametrize("parent, wire, below", [("veth", "r0", "h0"), ("vlan", "re0", "e0")], ids=["trunk", "vlan"])
def test_messages_of_another_vlan_are_not_heard(make_world, parent, wire, below):
    """Class S3; C3: the kernel strips the tag of VLAN 6 before anybody looks."""
    world = make_world(parent=parent)
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq()
    world.start_l3sync()
    watch, heard = world.kernel.watch_addresses(), world.sniffer(below)
    client = guest.client("raw-t0")
    client.discover()
    client.wait_offer()
    foreign = {LOOT: forged_dhcp(frames.OFFER, client.xid, ROUTER_MAC, frames.BROADCAST_MAC, "255.255.255.255"),
               "2001:db8:6::7": frames.router_advertisement(ROUTER_MAC, LINK_LOCAL, "2001:db8:6::")}
    for frame in foreign.values():
        world.router.send(tagged(frame, 6), wire)
        heard.wait(lambda seen: seen[-32:] == frame[-32:], what="the frame of VLAN 6")
    guest.send(frames.dad_solicitation(SHARED_MAC, "2001:db8:6::7"))
    world.fence()
    assert not watch.ever_on("t0") & set(foreign)
    # The same frames count where the parent is.
    parent = world.sniffer()
    for frame in foreign.values():
        world.router.send(frame)
        parent.wait(lambda seen: seen == frame, what="the same frame without that tag")
    guest.send(frames.dad_solicitation(SHARED_MAC, "2001:db8:6::7"))
    for address in foreign:
        world.kernel.wait_address("t0", address)
    watch.close()
