"""A guest may write any bytes to its tap. kernel-facts B.1: what that makes appear where."""

import struct

import pytest
from harness import dhcp6, frames
from harness.router import IPV4, LINK_LOCAL
from harness.router import MAC as ROUTER_MAC
from harness.topology import SHARED_MAC

LOOT, LOOT6 = "192.168.50.222", "fd00:50::bad"
ROGUE_SERVER = "192.168.50.200"
BROADCAST = frames.BROADCAST_MAC


def forged_payload(kind, xid, server=IPV4):
    payload = bytearray(frames.dhcp_payload(SHARED_MAC, kind, xid, None, server=server, op=2))
    payload[16:20] = frames.ip_bytes(LOOT)
    lease = bytes([frames.OPTION_LEASE, 4, 0, 0, 14, 16])
    return bytes(payload[:240]) + lease + bytes(payload[240:])


def forged_dhcp(kind, xid, source_mac, destination_mac, destination):
    datagram = frames.udp(IPV4, destination, 67, 68, forged_payload(kind, xid))
    return frames.ethernet(source_mac, destination_mac, frames.ETH_IPV4, frames.ipv4(IPV4, destination, 17, datagram))


ADDRESSINGS = {
    "to-the-parent": (SHARED_MAC, SHARED_MAC, LOOT),
    "to-the-parent-broadcast-ip": (SHARED_MAC, SHARED_MAC, "255.255.255.255"),
    "source-broadcast": (BROADCAST, BROADCAST, "255.255.255.255"),
    "as-the-router-broadcast": (ROUTER_MAC, BROADCAST, "255.255.255.255"),
    "as-the-router": (ROUTER_MAC, SHARED_MAC, LOOT),
}


@pytest.mark.parametrize("addressing", ADDRESSINGS.values(), ids=ADDRESSINGS)
def test_forged_reply_gives_nobody_an_address(default_world, addressing):
    """Class S8: neither the victim, whose transaction it names, nor the forger itself; the victim still gets its lease."""
    world = default_world
    victim_guest, rogue_guest = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    world.start_l3sync()
    watch = world.kernel.watch_addresses()
    victim, rogue = victim_guest.client("victim"), rogue_guest.client("rogue")
    for client in (victim, rogue):
        client.discover()
        client.wait_offer()
    for client in (victim, rogue):
        for kind in (frames.OFFER, frames.ACK):
            rogue_guest.send(forged_dhcp(kind, client.xid, *addressing))
    victim.request()
    for kind in (frames.OFFER, frames.ACK):
        rogue_guest.send(forged_dhcp(kind, victim.xid, *addressing))
    victim.wait_ack()
    world.fence()
    assert LOOT not in watch.ever_on("t0") | watch.ever_on("t1")
    watch.close()


def tagged(frame, *tags):
    """`tags`: type and TCI each."""
    return frame[:12] + b"".join(struct.pack("!HH", *tag) for tag in tags) + frame[12:]


def forged_dhcp6(xid, destination, name="victim"):
    """A Reply that grants LOOT6 to the client `name`."""
    association = dhcp6.option(dhcp6.IA_NA, struct.pack("!III", 1, 0, 0) + dhcp6.granted(LOOT6, 1800, 3600))
    payload = dhcp6.client_message(dhcp6.REPLY, xid, dhcp6.option(dhcp6.CLIENT_ID, dhcp6.duid(name))
                                   + dhcp6.option(dhcp6.SERVER_ID, dhcp6.duid("rogue")) + association)
    return dhcp6.server_frame(ROUTER_MAC, SHARED_MAC, LINK_LOCAL, destination, payload)


def forged_ra():
    return frames.router_advertisement(ROUTER_MAC, LINK_LOCAL, "2001:db8::")


OFFER = forged_dhcp(frames.OFFER, 0xBAD, ROUTER_MAC, BROADCAST, "255.255.255.255")
FORGERIES = {
    "dhcp4": (OFFER, "forged_dhcp4"),
    "dhcp4-unicast": (forged_dhcp(frames.ACK, 0xBAD, SHARED_MAC, ROUTER_MAC, LOOT), "forged_dhcp4"),
    "dhcp4-source-broadcast": (forged_dhcp(frames.OFFER, 0xBAD, BROADCAST, BROADCAST, "255.255.255.255"), "forged_dhcp4"),
    "dhcp4-priority-tag": (tagged(OFFER, (0x8100, 0)), "forged_dhcp4"),
    "dhcp4-vlan": (tagged(OFFER, (0x8100, 5)), "forged_dhcp4"),
    "dhcp4-two-tags": (tagged(OFFER, (0x8100, 0), (0x8100, 0)), "forged_dhcp4"),
    "dhcp6": (forged_dhcp6(0xBAD, "fe80::66"), "forged_dhcp6"),
    "router": (forged_ra(), "forged_advertisement"),
}


@pytest.mark.parametrize("forgery, reason", FORGERIES.values(), ids=FORGERIES)
def test_forger_is_named(default_world, forgery, reason):
    """Q1, design §7: and nobody else, though l3sync sends servers' messages on the others' slaves."""
    world = default_world
    honest, rogue = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    honest.client("honest").bind()
    rogue.send(forgery)
    rogue.send(forgery)
    world.fence()
    (named,) = l3sync.find("guest-quarantined")
    assert (named["interface"], named["reason"]) == ("t1", reason)
    if reason == "forged_dhcp4":
        assert (named["address"], named["xid"]) == (LOOT, "00000bad")
    l3sync.terminate()
    assert l3sync.find("stopped")[0]["counters"][f"ignored_{reason}"] == 2


@pytest.mark.parametrize("forgery", [forged_dhcp6(0xBAD, "fe80::66"), forged_ra()], ids=["dhcp6", "router"])
def test_quarantined_guest_keeps_its_lease_and_gets_nothing_new(default_world, forgery):
    """Q2"""
    world = default_world
    honest, rogue = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    client = rogue.client("rogue")
    address = client.bind().your_address
    l3sync.wait_event("address-refreshed", interface="t1", address=address, origin="dhcp4-ack")
    rogue.send(forgery)
    l3sync.wait_event("guest-quarantined", interface="t1")
    world.router.start_dnsmasq(lease="10m")
    mark = l3sync.mark()
    client.renew()
    client.wait_ack()
    l3sync.wait_event("address-refreshed", since=mark, interface="t1", address=address)
    another = rogue.client("another")
    another.discover()
    rogue.send(frames.dad_solicitation(SHARED_MAC, "fe80::dead"))
    later = honest.client("honest").bind().your_address
    world.fence()
    assert world.kernel.learned("t1") == [address]
    assert another.replies(frames.OFFER) == []
    assert later in world.kernel.learned("t0"), "the others go on"
    client.release()
    l3sync.wait_event("address-removed", interface="t1", address=address)


@pytest.mark.parametrize("tags", [(), ((0x8100, 0),)], ids=["untagged", "priority-tag"])
@pytest.mark.parametrize("whose", ["the-forgers-own", "a-siblings"])
def test_forged_reply_that_the_router_routes_back_gives_nobody_an_address(default_world, whose, tags):
    """Q3, kernel-facts B.2: with the router's MAC, from an address that is not the router's, to the one that it gives."""
    world = default_world
    victim_guest, rogue = world.raw_guests("t0", "t1")
    world.router.namespace.sysctl(net__ipv4__ip_forward=1)
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    watch = world.kernel.watch_addresses()
    rogue.client("rogue").bind()
    rogue.own.add(LOOT)  # so the router finds somebody to route to
    # No honest server's answer is there: what comes first would be believed.
    world.router.dnsmasq.terminate()
    asking = (rogue if whose == "the-forgers-own" else victim_guest).client("asking")
    asking.discover()
    parent = world.sniffer()
    for kind in (frames.OFFER, frames.ACK):
        payload = forged_payload(kind, asking.xid, server=ROGUE_SERVER)
        datagram = frames.udp(ROGUE_SERVER, LOOT, 67, 68, payload)
        packet = frames.ipv4(ROGUE_SERVER, LOOT, 17, datagram)
        rogue.send(tagged(frames.ethernet(SHARED_MAC, ROUTER_MAC, frames.ETH_IPV4, packet), *tags))
        parent.wait(lambda frame: (m := frames.parse_dhcp(frame)) and m.type == kind and m.source_mac == ROUTER_MAC
                    and m.your_address == LOOT, what="the forged reply that the router sends back")
    said = l3sync.wait_event("parent-reflects")
    assert (said["interface"], said["reason"], said["other_interface"]) == ("h0", "reflected_forgery", "t1")
    world.router.start_dnsmasq()
    world.fence()
    assert LOOT not in watch.ever_on("t0") | watch.ever_on("t1")
    watch.close()
    l3sync.terminate()
    assert l3sync.find("stopped")[0]["counters"]["ignored_reflected_forgery"] == 2


def test_what_a_port_sends_back_is_said_and_forges_nothing(make_world):
    """Q3, Q4: hairpin. The guest's solicitation comes back as it left, and its forged OFFER as if a server had sent it."""
    world = make_world(parent="reflecting")
    victim_guest, rogue = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    watch = world.kernel.watch_addresses()
    victim = victim_guest.client("victim")
    victim.discover()
    victim.wait_offer()
    for kind in (frames.OFFER, frames.ACK):
        rogue.send(forged_dhcp(kind, victim.xid, ROUTER_MAC, BROADCAST, "255.255.255.255"))
    l3sync.wait_event("parent-reflects", reason="reflected_forgery", interface="h0", other_interface="t1")
    victim_guest.send(frames.dad_solicitation(SHARED_MAC, "fe80::77"))
    victim_guest.send(frames.dad_solicitation(SHARED_MAC, "fe80::78"))
    world.fence()
    assert len(l3sync.find("parent-reflects", reason="reflected_guest", interface="h0")) == 1
    assert LOOT not in watch.ever_on("t0") | watch.ever_on("t1")
    watch.close()


def test_macvlan_parent_is_said(make_world):
    """Q4, kernel-facts B.2: in mode bridge it loops what a guest addresses to it."""
    world = make_world(parent="macvlan")
    victim_guest, rogue = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    assert l3sync.find("parent-reflects", reason="macvlan_parent", interface="h0", level="warning")
    watch = world.kernel.watch_addresses()
    victim = victim_guest.client("victim")
    victim.discover()
    victim.wait_offer()
    rogue.send(forged_dhcp(frames.OFFER, victim.xid, ROUTER_MAC, SHARED_MAC, LOOT))
    l3sync.wait_event("parent-reflects", reason="reflected_forgery", other_interface="t1")
    world.fence()
    assert LOOT not in watch.ever_on("t0") | watch.ever_on("t1")
    watch.close()


@pytest.mark.parametrize("source_mac, destination_mac", [
    (ROUTER_MAC, "33:33:00:00:00:01"), ("33:33:00:00:00:01", "33:33:00:00:00:01"), (SHARED_MAC, SHARED_MAC),
], ids=["as-the-router", "source-multicast", "to-the-parent"])
def test_forged_router_advertisement_opens_no_prefix(default_world, source_mac, destination_mac):
    """Class S8; N1: accepted from the parent's side only."""
    world = default_world
    victim, rogue = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    world.start_l3sync()
    rogue.send(frames.router_advertisement(source_mac, LINK_LOCAL, "2001:db8::", destination_mac=destination_mac))
    for guest, claim in ((victim, "2001:db8::7"), (rogue, "2001:db8::8")):
        guest.send(frames.dad_solicitation(SHARED_MAC, claim))
    world.fence()
    assert not [a for link in ("t0", "t1") for a in world.kernel.learned(link) if a.startswith("2001:db8:")]
