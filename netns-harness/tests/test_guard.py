"""contrib/nftables: the rules for what l3sync itself can't prevent (kernel-facts B.5)."""

import pytest
from harness import frames
from harness.l3sync import REPOSITORY
from harness.router import IPV4, LINK_LOCAL
from harness.router import MAC as ROUTER_MAC
from harness.topology import SHARED_MAC
from test_dhcp4_raw import assert_bound, assert_each_reply_came_once

GUARD = REPOSITORY / "contrib/nftables/l3sync-guard"
PREFIX = "2001:db8::"
FORGED_XID = 0x0BADBAD0


def guard(world):
    world.host.run("bash", "-c", f"set -o pipefail; {GUARD} h0 | nft -f -")


def tagged(frame, vid):
    return frame[:12] + b"\x81\x00" + vid.to_bytes(2, "big") + frame[12:]


def offer(source_mac):
    payload = frames.dhcp_payload(SHARED_MAC, frames.OFFER, FORGED_XID, None, server=IPV4, op=2)
    datagram = frames.udp(IPV4, "255.255.255.255", 67, 68, payload)
    return frames.ethernet(source_mac, frames.BROADCAST_MAC, frames.ETH_IPV4, frames.ipv4(IPV4, "255.255.255.255", 17, datagram))


@pytest.mark.parametrize("flag", ["", "private"], ids=["bridge", "private"])
def test_guests_bind_behind_the_rules(make_world, flag):
    world = make_world()
    world.add_slaves("t0", "t1", mode=f"l2 {flag}".strip())
    guard(world)
    guard(world)  # as after a slave was added
    world.router.start_dnsmasq(ra=True)
    l3sync = world.start_l3sync()
    client = world.raw_guest("t0").client("raw")
    assert client.bind().checksum_ok
    assert_bound(world, "t0", client.address)
    assert_each_reply_came_once(client)
    assert world.router.pings(client.address)
    client.guest.send(frames.dad_solicitation(SHARED_MAC, "fe80::77"))
    world.kernel.wait_address("t0", "fe80::77")
    assert not l3sync.find("guest-quarantined")


@pytest.mark.parametrize("guarded", [False, True], ids=["without", "with"])
def test_forgeries_reach_nobody(default_world, guarded):
    """And that they would, without the rules, shows that they are what is in the way."""
    world = default_world
    sibling, rogue = world.raw_guests("t0", "t1")
    if guarded:
        guard(world)
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    wire = world.sniffer("r0", world.router.namespace)
    for source in (ROUTER_MAC, SHARED_MAC):
        for vid in (None, 0, 5):
            rogue.send(offer(source) if vid is None else tagged(offer(source), vid))
        rogue.send(frames.router_advertisement(source, LINK_LOCAL, PREFIX, destination_mac=frames.BROADCAST_MAC))
    rogue.send(frames.arp(ROUTER_MAC, 1, IPV4, IPV4))
    # In order: what was sent before it would have been heard by then.
    last = rogue.client("rogue")
    last.discover()
    is_last = lambda frame: (m := frames.parse_dhcp(frame, ports=(68, 67))) and m.xid == last.xid
    forgeries = (lambda frame: FORGED_XID.to_bytes(4, "big") in frame,
                 lambda frame: (m := frames.parse_icmp6(frame)) and m.type == frames.RA,
                 lambda frame: (m := frames.parse_arp(frame)) and m.sender == m.target == IPV4)
    for log in (wire, sibling):
        log.wait(is_last, what="the last frame")
        seen = [len(log.matching(forgery)) for forgery in forgeries]
        assert (not any(seen)) if guarded else all(seen), seen
    assert bool(l3sync.find("guest-quarantined")) == (not guarded), "what is dropped there is not seen"
