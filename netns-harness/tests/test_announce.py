"""--announce: the network is told where a guest's address is. Rule D8."""

from harness import frames
from harness.topology import SHARED_MAC

RTMGRP_NEIGH = 0x4
STATIC = "fd00:50::66"


def wire(world):
    """What reaches the router."""
    return world.sniffer("r0", world.router.namespace)


def arp_announcements(sniffer, address):
    def match(frame):
        message = frames.parse_arp(frame)
        return message if message and message.sender == message.target == address else None

    return sniffer.matching(match)


def wait_arp_announcements(sniffer, address, count):
    sniffer.wait(lambda _: len(arp_announcements(sniffer, address)) >= count, what=f"{count} announcements of {address}")


def advertisements(sniffer):
    return sniffer.matching(lambda frame: (m := frames.parse_icmp6(frame)) and m.type == frames.NA and frame)


def wait_neighbour(world, address):
    show = lambda: world.router.namespace.run("ip", "neigh", "show", address, "dev", "r0")
    return world.router.kernel.wait(lambda: SHARED_MAC in show(), 30, f"the router knows {address}", RTMGRP_NEIGH)


def test_lease_is_announced_twice(world):
    """D8: the router knows the guest before it asks for it."""
    guest, second, _ = world.raw_guests("t0", "t1", "t2")
    world.router.namespace.sysctl(net__ipv4__conf__r0__arp_accept=1)
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync("--announce")
    sniffer = wire(world)
    # To a client that is broadcast to, dnsmasq makes no entry itself.
    address = guest.client("raw", broadcast=True).bind().your_address
    wait_neighbour(world, address)
    wait_arp_announcements(sniffer, address, 2)
    # A third one would come before the second one of a later lease.
    later = second.client("later", broadcast=True).bind().your_address
    wait_arp_announcements(sniffer, later, 2)
    announced = arp_announcements(sniffer, address)
    assert len(announced) == 2
    assert {a.operation for a in announced} == {1}
    assert {a.sender_mac for a in announced} == {SHARED_MAC}
    assert world.kernel.learned("t2") == [], "a sibling hears them, too"
    l3sync.terminate()
    counters = l3sync.find("stopped")[0]["counters"]
    assert counters["announcements_sent"] == 4
    assert "announcements_errors" not in counters


def test_ipv6_address_is_advertised_to_the_routers_once(world):
    """D8: RFC 9131 §6.1.2; a link-local address is not."""
    guest, _ = world.raw_guests("t0", "t1")
    world.router.namespace.sysctl(net__ipv6__conf__r0__accept_untracked_na=1)
    world.router.start_dnsmasq(ra=True)
    l3sync = world.start_l3sync("--announce")
    sniffer = wire(world)
    guest.send(frames.router_solicitation(SHARED_MAC))
    guest.wait(lambda frame: (m := frames.parse_icmp6(frame)) and m.type == frames.RA, what="RA")
    guest.send(frames.dad_solicitation(SHARED_MAC, STATIC))
    wait_neighbour(world, STATIC)
    (sent,) = advertisements(sniffer)
    message = frames.parse_icmp6(sent)
    assert (message.source, message.target, message.destination) == (STATIC, STATIC, "ff02::2")
    assert sent[58] == 0, "neither router nor solicited nor override"
    guest.send(frames.dad_solicitation(SHARED_MAC, "fe80::9999"))
    l3sync.wait_event("address-confirmed", interface="t0", address="fe80::9999")
    world.fence()
    assert not [a for a in advertisements(sniffer) if frames.parse_icmp6(a).target.startswith("fe80::")]
    assert STATIC not in world.kernel.learned("t1")


def test_nothing_is_announced_unless_asked_for(default_world):
    """D8"""
    world = default_world
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq(ra=True)
    l3sync = world.start_l3sync()
    sniffer = wire(world)
    address = guest.client("raw").bind().your_address
    guest.send(frames.router_solicitation(SHARED_MAC))
    guest.wait(lambda frame: (m := frames.parse_icmp6(frame)) and m.type == frames.RA, what="RA")
    guest.send(frames.dad_solicitation(SHARED_MAC, STATIC))
    l3sync.wait_event("address-confirmed", interface="t0", address=STATIC)
    world.fence()
    world.fence()
    assert arp_announcements(sniffer, address) == []
    assert advertisements(sniffer) == []
