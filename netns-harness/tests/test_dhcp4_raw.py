"""DHCPv4 with guests that send each message exactly once: whatever l3sync misses, they miss."""

import pytest
from harness import frames, rtnetlink
from harness.router import IPV4
from harness.topology import SHARED_MAC

LEASE = 3600
OFFER_SECONDS = 60
SLAVES = ("t0", "t1", "t2")


def assert_bound(world, link, address, lease=LEASE):
    """K1: the shape of a learned IPv4 address."""
    # The guest may have its ACK before the kernel has the new lifetime.
    found = world.kernel.wait(
        lambda: (a := world.kernel.address(link, address)) and lease - 60 <= a.valid <= lease and a,
        30, f"{address} on {link} for {lease} s", rtnetlink.ADDRESS_GROUPS)
    assert found.prefixlen == 32
    assert found.scope == rtnetlink.SCOPE_HOST
    assert found.flags & rtnetlink.IFA_F_NOPREFIXROUTE
    assert found.proto > max(rtnetlink.KERNEL_PROTOS), "it bears our own tag"
    world.kernel.wait_no_local_route(address)


def assert_each_reply_came_once(*clients):
    for client in clients:
        for kind in (frames.OFFER, frames.ACK):
            assert len(client.replies(kind)) == 1, f"message {kind}"


@pytest.mark.smoke
def test_three_guests_bind_on_their_first_messages(world):
    """S4-1 to S4-5, S4-8, K1: one OFFER and one ACK each, its address on its own slave only, the host's routes untouched."""
    guests = world.raw_guests(*SLAVES)
    world.router.start_dnsmasq()
    routes = world.kernel.routes("main")
    l3sync = world.start_l3sync()
    watch = world.kernel.watch_addresses()
    clients = [guest.client(f"raw-{guest.link}") for guest in guests]
    addresses = []
    for client in clients:
        ack = client.bind()
        addresses.append(ack.your_address)
        assert ack.lease == LEASE
        assert ack.checksum_ok
    assert len(set(addresses)) == len(addresses)
    for guest, address in zip(guests, addresses):
        assert_bound(world, guest.link, address)
        l3sync.wait_event("address-requested", interface=guest.link, address=address, origin="dhcp4-offer")
        # Long before the poll, which is there for what was lost.
        l3sync.wait_event("address-confirmed", timeout=10, interface=guest.link, address=address)
        l3sync.wait_event("reply-delivered", interface=guest.link)
        assert watch.ever_on(guest.link) & set(addresses) == {address}
        assert world.router.pings(address)
    world.fence()
    assert_each_reply_came_once(*clients)
    assert world.kernel.routes("main") == routes
    watch.close()


def test_first_offer_is_the_servers_own(default_world):
    """The delivered OFFER differs from the server's in the Ethernet source and the UDP checksum only."""
    world = default_world
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq()
    world.start_l3sync()
    parent = world.sniffer()
    client = guest.client("raw")
    client.discover()
    offer = client.wait_offer()
    sent = next(m for m in parent.matching(frames.parse_dhcp) if m.xid == client.xid and m.type == frames.OFFER)
    assert offer.source_mac == offer.destination_mac == SHARED_MAC
    assert offer.checksum_ok
    assert offer._replace(source_mac=sent.source_mac, checksum_ok=sent.checksum_ok) == sent


def test_untaken_offer_is_gone_after_60_seconds(make_world):
    """S4-3: also when l3sync was killed, because it is the kernel that counts."""
    worlds = [make_world(), make_world()]
    for world in worlds:
        (guest,) = world.raw_guests("t0")
        world.router.start_dnsmasq()
        world.start_l3sync()
        client = guest.client("raw")
        client.discover()
        world.offered = client.wait_offer().your_address
        found = world.kernel.wait_address("t0", world.offered)
        assert OFFER_SECONDS - 10 <= found.valid <= OFFER_SECONDS
    dead, alive = worlds
    dead.l3syncs[0].kill()
    assert dead.kernel.address("t0", dead.offered)
    for world in worlds:
        world.kernel.wait_gone("t0", world.offered, timeout=OFFER_SECONDS + 15)
    alive.l3syncs[0].wait_event("address-removed", interface="t0", address=alive.offered)


def test_unicast_renewal_refreshes(world):
    """S4-4, S4-8, K2: by REPLACE, without a moment without the address, and a shorter lease shortens."""
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq(lease="2m")
    l3sync = world.start_l3sync()
    client = guest.client("raw")
    address = client.bind().your_address
    assert_bound(world, "t0", address, lease=120)
    watch = world.kernel.watch_addresses()
    for lease, seconds in (("1h", 3600), ("10m", 600)):
        world.router.start_dnsmasq(lease=lease)
        mark = l3sync.mark()
        client.renew()
        assert client.wait_ack().lease == seconds
        refreshed = l3sync.wait_event("address-refreshed", since=mark, interface="t0", address=address)
        assert refreshed["valid_lifetime"] <= seconds
        assert_bound(world, "t0", address, lease=seconds)
        world.fence()
        assert len(client.replies(frames.ACK)) == 1
    assert [c for c in watch.changes() if not c.added and c.address.address == address] == []
    watch.close()


def test_rebinding_by_broadcast_refreshes(default_world):
    """S4-4: REBINDING names no server and is broadcast."""
    world = default_world
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq("--dhcp-authoritative", lease="2m")
    l3sync = world.start_l3sync()
    client = guest.client("raw")
    address = client.bind().your_address
    world.router.start_dnsmasq("--dhcp-authoritative", lease="1h")
    mark = l3sync.mark()
    client.rebind()
    client.wait_ack()
    l3sync.wait_event("address-refreshed", since=mark, interface="t0", address=address)
    assert_bound(world, "t0", address)


def test_init_reboot_binds(world):
    """S4-4: the first message is a REQUEST without a server; its ACK needs to be delivered too."""
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq("--dhcp-authoritative")
    world.start_l3sync()
    client = guest.client("raw")
    client.reboot("192.168.50.99")
    ack = client.wait_ack()
    assert ack.your_address == "192.168.50.99"
    assert_bound(world, "t0", "192.168.50.99")
    world.fence()
    assert len(client.replies(frames.ACK)) == 1


def test_release_removes(world):
    """S4-10"""
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    client = guest.client("raw")
    address = client.bind().your_address
    assert_bound(world, "t0", address)
    client.release()
    world.kernel.wait_gone("t0", address)
    l3sync.wait_event("address-removed", interface="t0", address=address)


def test_decline_removes(world):
    """S4-11"""
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    client = guest.client("raw")
    address = client.bind().your_address
    assert_bound(world, "t0", address)
    client.decline()
    world.kernel.wait_gone("t0", address)
    l3sync.wait_event("address-removed", interface="t0", address=address)


def test_nak_removes_what_it_refuses(default_world):
    """S4-9: a guest that comes back with an address that the server has given up."""
    world = default_world
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq("--dhcp-authoritative", first=50, last=60)
    world.start_l3sync()
    client = guest.client("raw")
    address = client.bind().your_address
    assert_bound(world, "t0", address)
    world.router.forget_leases()
    world.router.start_dnsmasq("--dhcp-authoritative", first=100, last=110)
    client.reboot(address)
    client.wait(frames.NAK)
    world.kernel.wait_gone("t0", address)


def test_release_of_a_siblings_address_changes_nothing(default_world):
    """S4-10, T5: a guest may write any bytes to its tap."""
    world = default_world
    victim, rogue = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    world.start_l3sync()
    owner = victim.client("victim")
    address = owner.bind().your_address
    for message in ("release", "decline"):
        thief = rogue.client("victim")
        thief.address, thief.server = address, IPV4
        getattr(thief, message)()
    world.fence()
    assert_bound(world, "t0", address)
    assert world.kernel.learned("t1") == []


def test_guest_that_asks_for_broadcast_is_served(world):
    """S4-13: the kernel brings a broadcast OFFER to every slave by itself; it is not delivered again."""
    first, second = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    world.start_l3sync()
    client = first.client("broadcast", broadcast=True)
    address = client.bind().your_address
    assert_bound(world, "t0", address)
    assert world.kernel.learned("t1") == []
    assert world.router.pings(address)
    world.fence()
    assert_each_reply_came_once(client)


def test_discover_of_a_sibling_gives_it_no_address(default_world):
    """C2, F2: every slave sees every DISCOVER; only who sent it asked."""
    world = default_world
    asking, listening = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    world.start_l3sync()
    watch = world.kernel.watch_addresses()
    asking.client("raw").bind()
    listening.wait(lambda frame: frame[:6] == b"\xff" * 6, what="the sibling's DISCOVER")
    world.fence()
    assert world.kernel.learned("t1") == []
    assert not watch.ever_on("t1") & set(world.kernel.learned("t0"))
    watch.close()


def test_copy_of_a_siblings_transaction_takes_nothing_from_it(world):
    """S4-2: every slave sees every DISCOVER; who used the identifiers first keeps them."""
    owner_guest, thief_guest = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    world.start_l3sync()
    watch = world.kernel.watch_addresses()
    owner, thief = owner_guest.client("same"), thief_guest.client("same")
    owner.discover()
    thief.discover(xid=owner.xid)
    thief.address = owner.wait_offer().your_address
    thief.server = owner.server
    owner.request()
    thief.request()
    address = owner.wait_ack().your_address
    world.fence()
    assert_bound(world, "t0", address)
    assert address not in watch.ever_on("t1")
    assert world.kernel.learned("t1") == []
    assert thief.replies(frames.OFFER) == thief.replies(frames.ACK) == []
    watch.close()


def test_lease_that_began_before_l3sync_is_learned_at_its_renewal(default_world):
    """S4-17"""
    world = default_world
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq("--dhcp-authoritative")
    world.host.ip("addr add 192.168.50.64/32 dev t0")
    client = guest.client("raw")
    client.reboot("192.168.50.64")
    client.wait_ack()
    world.host.ip("addr del 192.168.50.64/32 dev t0")
    world.start_l3sync()
    client.renew()
    assert_bound(world, "t0", "192.168.50.64")
