"""Unmodified DHCPv4 clients, each in a machine of its own behind a slave."""

import pytest
from harness.router import IPV4

CLIENTS = ("dhclient", "udhcpc", "dhcpcd")


def start(guest, client):
    return getattr(guest, f"start_{client}")()


@pytest.mark.parametrize("client", CLIENTS)
def test_client_binds_on_the_first_offer(world, client):
    """S4-3: one DISCOVER, one OFFER, one REQUEST, one ACK, and the guest is on the network."""
    (guest,) = world.namespace_guests("t0")
    world.router.start_dnsmasq()
    world.start_l3sync()
    start(guest, client)
    address = guest.wait_ipv4()
    assert world.kernel.learned("t0") == [address]
    assert guest.pings(IPV4)
    assert world.router.pings(address)
    for message in ("DISCOVER", "OFFER", "REQUEST", "ACK"):
        assert world.router.dnsmasq.count(f"DHCP{message}\\(") == 1, message


@pytest.mark.smoke
def test_all_clients_side_by_side(default_world):
    """One after another, as machines that are started by hand: none disturbs the others."""
    world = default_world
    guests = world.namespace_guests("t0", "t1", "t2")
    world.router.start_dnsmasq()
    world.start_l3sync()
    addresses = []
    for guest, client in zip(guests, CLIENTS):
        start(guest, client)
        addresses.append(guest.wait_ipv4())
    assert len(set(addresses)) == 3
    for guest, address in zip(guests, addresses):
        assert world.kernel.learned(guest.link) == [address]
        assert guest.pings(IPV4)
        assert world.router.pings(address)


def test_clients_started_at_one_moment_all_get_a_lease(default_world):
    """dnsmasq offers all of them the same address: see test_same_offer.py."""
    world = default_world
    guests = world.namespace_guests("t0", "t1", "t2")
    world.router.start_dnsmasq()
    world.start_l3sync()
    for guest in guests:
        guest.start_udhcpc()
    addresses = [guest.wait_ipv4(timeout=120) for guest in guests]
    assert len(set(addresses)) == 3
    for guest, address in zip(guests, addresses):
        world.kernel.wait_address(guest.link, address)
        assert guest.pings(IPV4)


def test_dhclient_renews_and_releases(default_world):
    """S4-4, S4-10: T1 of a lease of 2 minutes comes after one."""
    world = default_world
    (guest,) = world.namespace_guests("t0")
    world.router.start_dnsmasq(lease="2m")
    l3sync = world.start_l3sync()
    client = guest.start_client("dhclient")
    address = guest.wait_ipv4()
    mark = l3sync.mark()
    l3sync.wait_event("address-refreshed", since=mark, timeout=90, interface="t0", address=address)
    assert world.kernel.address("t0", address).valid > 60
    client.release()
    world.kernel.wait_gone("t0", address)
