"""Two guests that want one address: the owner is asked, and what it answers decides (D6, D5, T2)."""

import functools

from harness import frames
from harness.guest import NIC
from harness.router import IPV6
from harness.rtnetlink import until_answered
from harness.topology import SHARED_MAC

ADDRESS = "fd00:50::77"


def own(world, guest, address=ADDRESS):
    """It tests the address, and uses it (D1)."""
    guest.own.add(address)
    guest.send(frames.dad_solicitation(SHARED_MAC, address))
    guest.send(frames.neighbour_advertisement(SHARED_MAC, address))
    world.kernel.wait_address(guest.link, address)


def repeat(send, l3sync, event, **fields):
    """A guest says it again and again, as one does that nobody answers, until the event."""
    return until_answered(send, functools.partial(l3sync.wait_event, event, **fields), seconds=2)


def claim(guest, address=ADDRESS):
    guest.send(frames.neighbour_advertisement(SHARED_MAC, address))


def is_probe(address):
    def match(frame):
        request = frames.parse_arp(frame)
        return bool(request) and (request.sender, request.target) == ("0.0.0.0", address)

    return match


def test_static_address_of_a_live_sibling_is_refused(default_world):
    """D6, T2: of a guest's own kernel, which answers the question."""
    world = default_world
    owner, thief = world.namespace_guests("t0", "t1")
    world.router.start_dnsmasq(ra=True)
    l3sync = world.start_l3sync()
    owner.start_slaac()
    (address,) = owner.wait_ipv6(1)
    world.kernel.wait_address("t0", address)
    thief.up()
    thief.namespace.ip(f"addr add {address}/64 dev {NIC} nodad")
    assert not thief.pings(IPV6, source=address, seconds=3)
    refused = l3sync.wait_event("address-refused", interface="t1", address=address)
    assert refused["reason"] == "held_by_slave"
    assert address not in world.kernel.learned("t1")
    assert world.router.pings(address) and owner.pings(IPV6, source=address)


def test_address_of_a_silent_guest_moves(default_world):
    """D6: the slave is up, but nobody is behind it any more."""
    world = default_world
    owner, heir = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq(ra=True)
    l3sync = world.start_l3sync()
    own(world, owner)
    owner.own.clear()
    heir.own.add(ADDRESS)
    removed = repeat(lambda: claim(heir), l3sync, "address-removed", interface="t0", reason="moved")
    assert removed["other_interface"] == "t1"
    world.kernel.wait_address("t1", ADDRESS)
    assert ADDRESS not in world.kernel.learned("t0")
    assert world.router.pings(ADDRESS)


def test_lease_of_a_silent_guest_moves(default_world):
    """D6: the machine came up behind another slave, and asks for the address that it had."""
    world = default_world
    owner, heir = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    old = owner.client("machine")
    address = old.bind().your_address
    world.kernel.wait_address("t0", address)
    owner.own.clear()
    new = heir.client("machine")
    repeat(lambda: new.reboot(address), l3sync, "address-removed", interface="t0", reason="moved")
    world.kernel.wait_address("t1", address)
    new.reboot(address)
    new.wait_ack()
    assert world.kernel.learned("t0") == []
    assert world.router.pings(address)


def test_lease_of_a_live_guest_stays(default_world):
    """D6: it answers ARP, which nobody else hears. Clones are named."""
    world = default_world
    owner, clone = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    address = owner.client("clone").bind().your_address
    world.kernel.wait_address("t0", address)
    copy = clone.client("clone")
    until_answered(lambda: copy.reboot(address), functools.partial(owner.wait, is_probe(address), what="the question"), seconds=2)
    l3sync.wait_event("address-refused", interface="t1", address=address, reason="same_client")
    world.fence()
    assert world.kernel.learned("t0") == [address]
    assert not any(map(is_probe(address), clone.frames()))
    assert world.router.pings(address)


def test_clones_with_one_nonce_end_in_a_stable_state(default_world):
    """D3, D5: each takes the other's test for its own, and both go on to use the address."""
    world = default_world
    guests = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq(ra=True)
    l3sync = world.start_l3sync()
    for guest in guests:
        guest.own.add(ADDRESS)
        guest.send(frames.dad_solicitation(SHARED_MAC, ADDRESS, nonce=b"clones"))
    world.kernel.wait_address("t0", ADDRESS)
    for _ in range(3):
        for guest in guests:
            claim(guest)
    l3sync.wait_event("address-refused", interface="t1", address=ADDRESS, reason="held_by_slave")
    world.fence()
    for _ in range(3):
        for guest in guests:
            claim(guest)
    world.fence()
    assert ADDRESS in world.kernel.learned("t0")
    assert len(l3sync.find("address-refused", address=ADDRESS)) == 1
    assert not l3sync.find("address-removed", address=ADDRESS)
    assert world.router.pings(ADDRESS)
