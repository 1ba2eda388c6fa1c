"""DHCPv6 with guests that send each message exactly once: whatever l3sync misses, they miss."""

import os
import signal

import pytest
from harness import dhcp6, frames, rtnetlink
from harness.router import FIRST6, LINK_LOCAL
from harness.router import MAC as ROUTER_MAC
from harness.servers6 import DelegatingKea6
from harness.topology import SHARED_MAC

LEASE = 3600
LINK_LOCALS = {"t0": "fe80::a0", "t1": "fe80::a1", "t2": "fe80::a2"}


def assert_bound(world, link, address, lease=LEASE):
    """K1, S6-4: the shape of a learned IPv6 address, with the lifetime of its lease."""
    found = world.kernel.wait(
        lambda: (a := world.kernel.address(link, address)) and lease - 60 <= a.valid <= lease and a,
        30, f"{address} on {link} for {lease} s", rtnetlink.ADDRESS_GROUPS)
    assert found.prefixlen == 128
    assert found.flags & rtnetlink.IFA_F_NOPREFIXROUTE
    assert not found.flags & rtnetlink.IFA_F_TENTATIVE
    assert found.preferred == 0, "or the host would choose it as its own source"
    assert found.proto > max(rtnetlink.KERNEL_PROTOS), "it bears our own tag"
    world.kernel.wait_no_local_route(address)


def start(world, *links, **options):
    """Slaves with a client each, dnsmasq and l3sync."""
    clients = [guest.client6(f"raw-{guest.link}", LINK_LOCALS[guest.link]) for guest in world.raw_guests(*links)]
    world.router.start_dnsmasq(**{"dhcp6": "1h", **options})
    return world.start_l3sync(), clients


def assert_each_reply_came_once(*clients):
    """Of each client all that was ever said to it."""
    for client in clients:
        said = [(m.type, m.xid) for m in client.guest.matching(dhcp6.parse) if m.client == client.duid]
        assert len(said) == len(set(said)), said


@pytest.mark.smoke
def test_three_guests_bind_on_their_first_messages(world):
    """S6-1, S6-2, S6-4, K1, N4: the first frame of each is its Solicit; one Advertise and one Reply each, its
    addresses on its own slave only, the host's routes untouched.
    """
    routes = world.kernel.routes("main")
    l3sync, clients = start(world, "t0", "t1", "t2")
    watch = world.kernel.watch_addresses()
    for client in clients:
        reply = client.bind()
        assert reply.checksum_ok
        link, address = client.guest.link, client.address
        assert_bound(world, link, address)
        l3sync.wait_event("address-requested", interface=link, address=address, origin="dhcp6-reply")
        # Long before the poll, which is there for what was lost.
        l3sync.wait_event("address-confirmed", timeout=10, interface=link, address=address)
        assert world.router.pings(address)
    assert len({client.address for client in clients}) == len(clients)
    world.fence()
    for client in clients:
        assert world.kernel.learned(client.guest.link) == sorted([client.link_local, client.address])
        assert not watch.ever_on(client.guest.link) & {a for c in clients if c != client for a in (c.link_local, c.address)}
    assert_each_reply_came_once(*clients)
    assert world.kernel.routes("main") == routes
    watch.close()


def test_link_local_is_there_before_the_server_answers(world):
    """N4: after the duplicate detection of its link-local a guest needs no delivery by l3sync."""
    l3sync, (client,) = start(world, "t0")
    client.guest.send(frames.dad_solicitation(SHARED_MAC, client.link_local))
    world.kernel.wait_address("t0", client.link_local)
    client.bind()
    world.fence()
    assert_each_reply_came_once(client)
    assert not l3sync.find("reply-delivered", interface="t0")


def test_advertise_that_came_too_early_is_delivered_once(world):
    """S6-1: l3sync sees Solicit and Advertise when the Advertise has passed. It differs from the server's in the
    Ethernet source and the UDP checksum only.
    """
    l3sync, (client,) = start(world, "t0")
    parent = world.sniffer()
    # Otherwise the router asks for the MAC first, which comes to the guest only when its address is on the slave.
    world.router.namespace.ip(f"neigh replace {client.link_local} lladdr {SHARED_MAC} dev r0 nud permanent")
    os.kill(l3sync.pid, signal.SIGSTOP)
    try:
        client.solicit()
        sent = parent.wait(lambda f: (m := dhcp6.parse(f)) and m.xid == client.xid and m, what="the Advertise")
        assert not client.replies(dhcp6.ADVERTISE)
        assert world.kernel.learned("t0") == []
    finally:
        os.kill(l3sync.pid, signal.SIGCONT)
    advertise = client.wait_advertise()
    assert advertise.source_mac == SHARED_MAC
    assert advertise.checksum_ok
    assert advertise._replace(source_mac=sent.source_mac, checksum_ok=sent.checksum_ok) == sent
    l3sync.wait_event("reply-delivered", interface="t0", address=client.link_local)
    client.request()
    client.wait_reply()
    assert_bound(world, "t0", client.address)
    world.fence()
    assert_each_reply_came_once(client)


def test_rapid_commit_binds(world):
    """S6-2: a Reply to a Solicit with option 14 in both."""
    l3sync, (client,) = start(world, "t0")
    client.solicit(rapid_commit=True)
    assert client.wait_reply().rapid_commit
    assert_bound(world, "t0", client.address)
    world.fence()
    assert_each_reply_came_once(client)


def test_advertised_address_is_not_bound(default_world):
    """S6-2"""
    world = default_world
    l3sync, (client,) = start(world, "t0")
    watch = world.kernel.watch_addresses()
    client.solicit()
    (advertised,) = dhcp6.addresses_of(client.wait_advertise())
    world.fence()
    assert world.kernel.learned("t0") == [client.link_local]
    assert advertised not in watch.ever_on("t0")
    watch.close()


@pytest.mark.parametrize("message", ["renew", "rebind"])
def test_renewal_refreshes(world, message):
    """S6-2, S6-3, K2: by REPLACE, without a moment without the address, and a shorter lease shortens."""
    l3sync, (client,) = start(world, "t0", dhcp6="2m")
    client.bind()
    address = client.address
    assert_bound(world, "t0", address, lease=120)
    watch = world.kernel.watch_addresses()
    for lease, seconds in (("1h", 3600), ("10m", 600)):
        world.router.start_dnsmasq(dhcp6=lease)
        mark = l3sync.mark()
        getattr(client, message)()
        (association,) = client.wait_reply().associations
        assert association.addresses[address][1] == seconds
        refreshed = l3sync.wait_event("address-refreshed", since=mark, interface="t0", address=address)
        assert refreshed["valid_lifetime"] <= seconds
        assert_bound(world, "t0", address, lease=seconds)
    assert [c for c in watch.changes() if not c.added and c.address.address == address] == []
    world.fence()
    assert_each_reply_came_once(client)
    watch.close()


def test_confirm_keeps_the_lifetime(default_world):
    """S6-6: its Reply has none."""
    world = default_world
    l3sync, (client,) = start(world, "t0")
    client.bind()
    assert_bound(world, "t0", client.address)
    world.router.start_dnsmasq(dhcp6="10m")
    client.confirm()
    assert client.wait_reply().status == dhcp6.SUCCESS
    world.fence()
    assert_bound(world, "t0", client.address)
    assert_each_reply_came_once(client)


@pytest.mark.parametrize("message, reason", [("release", "released"), ("decline", "declined")])
def test_given_up_is_removed_when_it_is_said(world, message, reason):
    """S6-5: whatever the server says, so it says nothing here; its link-local stays the guest's."""
    l3sync, (client,) = start(world, "t0")
    client.bind()
    assert_bound(world, "t0", client.address)
    world.router.dnsmasq.terminate()
    getattr(client, message)()
    world.kernel.wait_gone("t0", client.address)
    l3sync.wait_event("address-removed", interface="t0", address=client.address, reason=reason)
    assert world.kernel.learned("t0") == [client.link_local]


def test_declined_guest_gets_another(default_world):
    """S6-5"""
    world = default_world
    l3sync, (client,) = start(world, "t0")
    client.bind()
    declined = client.address
    client.decline()
    client.wait(dhcp6.REPLY)
    world.kernel.wait_gone("t0", declined)
    client.guest.own.discard(declined)
    client.bind()
    assert client.address != declined
    assert_bound(world, "t0", client.address)
    assert world.router.pings(client.address)
    world.fence()
    assert_each_reply_came_once(client)


def test_two_associations_with_two_addresses_each(world):
    """S6-3: all four; a Release of one takes that one only."""
    world.router.namespace.ip("addr add fd00:51::1/64 dev r0 nodad")
    (guest,) = world.raw_guests("t0")
    client = guest.client6("raw", LINK_LOCALS["t0"], iaids=(1, 2))
    # It leases one address of each of its ranges.
    world.router.start_dnsmasq("--dhcp-range=fd00:51::1000,fd00:51::1fff,64,2h", dhcp6="1h")
    l3sync = world.start_l3sync()
    client.bind()
    assert [len(addresses) for addresses in client.leases.values()] == [2, 2]
    for address in client.addresses:
        assert_bound(world, "t0", address, lease=7200 if address.startswith("fd00:51:") else 3600)
        assert world.router.pings(address)
    gone = client.leases[2][0]
    client.release(leases={2: [gone]})
    world.kernel.wait_gone("t0", gone)
    l3sync.wait_event("address-removed", interface="t0", address=gone, reason="released")
    world.fence()
    assert set(world.kernel.learned("t0")) == {client.link_local, *client.addresses} - {gone}
    assert_each_reply_came_once(client)


def test_no_address_left_assigns_none(default_world):
    """S6-3: NoAddrsAvail; the Reply comes to its guest all the same."""
    world = default_world
    l3sync, (first, second) = start(world, "t0", "t1", last6=FIRST6)
    first.bind()
    assert first.address == FIRST6
    assert_bound(world, "t0", FIRST6)
    second.server = first.server
    second.leases[1] = [FIRST6]
    second.request()
    reply = second.wait(dhcp6.REPLY)
    assert dhcp6.NO_ADDRESSES in [reply.status, *(a.status for a in reply.associations)]
    world.fence()
    assert world.kernel.learned("t1") == [second.link_local]
    assert_bound(world, "t0", FIRST6)
    assert_each_reply_came_once(first, second)


def test_not_on_link_assigns_nothing_and_takes_nothing(default_world):
    """S6-3: to a Request, and to a Confirm, after which the client starts anew and is silent about its address."""
    world = default_world
    l3sync, (client,) = start(world, "t0")
    client.bind()
    own = client.address
    for send in (client.request, client.confirm):
        client.leases[1] = ["2001:db8::66"]
        send()
        reply = client.wait(dhcp6.REPLY)
        assert dhcp6.NOT_ON_LINK in [reply.status, *(a.status for a in reply.associations)]
    world.fence()
    assert_bound(world, "t0", own)
    assert world.kernel.learned("t0") == sorted([client.link_local, own])
    assert_each_reply_came_once(client)


def test_two_guests_with_one_duid(world):
    """S6-1, T1: a clone gets its replies, and the same address, which stays with the first one."""
    first_guest, second_guest = world.raw_guests("t0", "t1")
    first, second = (g.client6("same", LINK_LOCALS[g.link]) for g in (first_guest, second_guest))
    world.router.start_dnsmasq(dhcp6="1h")
    l3sync = world.start_l3sync()
    watch = world.kernel.watch_addresses()
    for client in (first, second):
        client.bind()
    assert first.address == second.address
    l3sync.wait_event("address-refused", interface="t1", address=first.address, reason="same_client")
    world.fence()
    assert_bound(world, "t0", first.address)
    assert first.address not in watch.ever_on("t1")
    for client in (first, second):
        assert len(client.replies(dhcp6.REPLY)) == 1
    watch.close()


def test_copy_of_a_siblings_transaction_takes_nothing_from_it(world):
    """S6-1: every slave sees every Solicit; who used the identifiers first keeps them."""
    owner_guest, thief_guest = world.raw_guests("t0", "t1")
    owner, thief = (g.client6("same", LINK_LOCALS[g.link]) for g in (owner_guest, thief_guest))
    world.router.start_dnsmasq(dhcp6="1h")
    world.start_l3sync()
    watch = world.kernel.watch_addresses()
    owner.solicit()
    thief.solicit(xid=owner.xid)
    owner.wait_advertise()
    thief.leases, thief.server = owner.leases, owner.server
    owner.request()
    thief.request(xid=owner.xid)
    owner.wait_reply()
    world.fence()
    assert_bound(world, "t0", owner.address)
    assert owner.address not in watch.ever_on("t1")
    assert len(owner.replies(dhcp6.REPLY)) == 1
    watch.close()


def test_release_of_a_siblings_address_changes_nothing(default_world):
    """S6-5, T5: a guest may write any bytes to its tap."""
    world = default_world
    l3sync, (owner, rogue) = start(world, "t0", "t1")
    owner.bind()
    rogue.duid, rogue.server, rogue.leases = owner.duid, owner.server, owner.leases
    for message in (rogue.release, rogue.decline):
        message()
    world.fence()
    assert_bound(world, "t0", owner.address)
    assert owner.address not in world.kernel.learned("t1")


LOOT = "fd00:50::bad"
ADDRESSINGS = {
    "to-the-parent": (SHARED_MAC, SHARED_MAC),
    "source-multicast": ("33:33:00:00:00:01", "33:33:00:00:00:01"),
    "as-the-router": (ROUTER_MAC, SHARED_MAC),
    "as-the-router-multicast": (ROUTER_MAC, "33:33:00:00:00:01"),
}


@pytest.mark.parametrize("macs", ADDRESSINGS.values(), ids=ADDRESSINGS)
def test_forged_reply_gives_nobody_an_address(default_world, macs):
    """C2, F2: neither the victim, whose transaction it names, nor the forger; and the victim still gets its lease."""
    world = default_world
    l3sync, (victim, rogue) = start(world, "t0", "t1")
    watch = world.kernel.watch_addresses()

    def forge(client, kind):
        inside = dhcp6.option(dhcp6.IA_NA, (1).to_bytes(4, "big") + bytes(8) + dhcp6.granted(LOOT, 3000, 3600))
        words = dhcp6.option(dhcp6.CLIENT_ID, client.duid) + dhcp6.option(dhcp6.SERVER_ID, client.server)
        payload = dhcp6.client_message(kind, client.xid, words + dhcp6.option(dhcp6.RAPID_COMMIT) + inside)
        rogue.guest.send(dhcp6.server_frame(*macs, LINK_LOCAL, client.link_local, payload))

    for client in (victim, rogue):
        client.solicit(rapid_commit=client is rogue)
        client._take(client.wait(dhcp6.REPLY if client is rogue else dhcp6.ADVERTISE))
    for client in (victim, rogue):
        forge(client, dhcp6.REPLY)
    offered = victim.address
    victim.request()
    forge(victim, dhcp6.REPLY)
    victim.guest.wait(lambda f: (m := dhcp6.parse(f)) and m.xid == victim.xid and offered in dhcp6.addresses_of(m), what="the server's Reply")
    world.fence()
    assert LOOT not in watch.ever_on("t0") | watch.ever_on("t1")
    assert_bound(world, "t0", offered)
    watch.close()


def test_delegated_prefix_is_not_assigned(default_world):
    """S6-4: counted and said once; and the address beside it is bound."""
    world = default_world
    (guest,) = world.raw_guests("t0")
    delegation = dhcp6.option(dhcp6.IA_PD, (7).to_bytes(4, "big") + bytes(8))
    client = guest.client6("raw", LINK_LOCALS["t0"], extra=delegation)
    world.router.start_dnsmasq()  # for fences
    server = DelegatingKea6(world.router, world.folder)
    server.start()
    l3sync = world.start_l3sync()
    client.bind()
    assert_bound(world, "t0", client.address, lease=server.lease)
    client.renew()
    client.wait_reply()
    world.fence()
    assert len(l3sync.find("delegation-ignored", interface="t0")) == 1
    assert not [a for a in world.kernel.learned("t0") if a.startswith("fd00:60:")]


def test_lease_that_began_before_l3sync_is_learned_at_its_renewal(default_world):
    """S6-2: and its Reply comes to the guest, whose link-local was not known either."""
    world = default_world
    (guest,) = world.raw_guests("t0")
    client = guest.client6("raw", LINK_LOCALS["t0"])
    world.router.start_dnsmasq(dhcp6="1h")
    world.host.ip(f"addr add {client.link_local}/128 dev t0 nodad")
    client.bind()
    world.host.ip(f"addr del {client.link_local}/128 dev t0")
    world.start_l3sync()
    client.renew()
    client.wait_reply()
    assert_bound(world, "t0", client.address)
    world.fence()
    assert_each_reply_came_once(client)


def test_lease_of_what_the_guest_had_formed_takes_its_method(default_world):
    """S6-8, T2, K2: from SLAAC to DHCPv6 in place, with the lease's end, and its tag for the next run."""
    world = default_world
    l3sync, (client,) = start(world, "t0", dhcp6="10m", ra=True, ra_lifetime="2h")
    client.guest.send(frames.router_solicitation(SHARED_MAC))
    client.guest.wait(lambda f: (m := frames.parse_icmp6(f)) and m.type == frames.RA, what="RA")
    client.guest.send(frames.dad_solicitation(SHARED_MAC, "fd00:50::1234"))
    formed = world.kernel.wait_address("t0", "fd00:50::1234")
    watch = world.kernel.watch_addresses()
    mark = l3sync.mark()
    client.send(dhcp6.SOLICIT, leases={1: ["fd00:50::1234"]})
    client.wait_advertise()
    assert client.address == "fd00:50::1234"
    client.request()
    client.wait_reply()
    assert_bound(world, "t0", client.address, lease=600)
    assert world.kernel.address("t0", client.address).proto != formed.proto
    world.fence()
    assert all(change.added for change in watch.changes() if change.address.address == client.address)
    assert len(l3sync.find("address-refreshed", since=mark, address=client.address)) == 1
    watch.close()


def test_lease_inside_an_advertised_prefix_stays_a_lease(world):
    """S6-8, T2, K6: its lifetime is the server's, not the router's; also when l3sync started anew, and RAs came before the renewal."""
    l3sync, (client,) = start(world, "t0", dhcp6="10m", ra=True, ra_lifetime="2h")
    advertisement = lambda f: (m := frames.parse_icmp6(f)) and m.type == frames.RA
    client.bind()
    assert_bound(world, "t0", client.address, lease=600)
    # Its own duplicate detection, and what a neighbour hears of it later.
    client.guest.send(frames.dad_solicitation(SHARED_MAC, client.address))
    client.guest.send(frames.neighbour_advertisement(SHARED_MAC, client.address))
    client.guest.wait(advertisement, what="RA")
    world.fence()
    assert_bound(world, "t0", client.address, lease=600)

    l3sync.kill()
    l3sync = world.start_l3sync()
    l3sync.wait_event("address-confirmed", interface="t0", address=client.address, origin="adopted")
    before = len(client.guest.matching(advertisement))
    client.guest.send(frames.router_solicitation(SHARED_MAC))
    client.guest.wait(lambda f: advertisement(f) and client.guest.matching(advertisement)[before:], what="another RA")
    client.guest.send(frames.neighbour_advertisement(SHARED_MAC, client.address))
    world.fence()
    assert_bound(world, "t0", client.address, lease=600)
    mark = l3sync.mark()
    world.router.start_dnsmasq(dhcp6="20m", ra=True, ra_lifetime="2h")
    client.renew()
    client.wait_reply()
    l3sync.wait_event("address-refreshed", since=mark, interface="t0", address=client.address, origin="dhcp6-reply")
    assert_bound(world, "t0", client.address, lease=1200)
