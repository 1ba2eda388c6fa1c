"""What happens without l3sync. These tests show that the others can fail."""

import pytest
from harness import frames
from harness.router import IPV6
from harness.topology import SHARED_MAC


def offer_of(client):
    def match(frame):
        message = frames.parse_dhcp(frame)
        return message if message and message.type == frames.OFFER and message.xid == client.xid else None

    return match


def test_unicast_offer_ends_at_the_parent(world):
    """F3: no slave has the address, so the kernel keeps the OFFER for the host."""
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq()
    parent = world.sniffer("h0")
    client = guest.client("raw")
    client.discover()
    offer = parent.wait(offer_of(client), what="OFFER at the parent")
    assert offer.destination_mac == SHARED_MAC
    # A broadcast one takes the same way, later, and does arrive: what was not
    # there by then never will be.
    fence = guest.client("fence", broadcast=True)
    fence.discover()
    fence.wait(frames.OFFER)
    assert client.replies(frames.OFFER) == []
    assert world.kernel.learned("t0") == []


def test_offer_arrives_when_the_slave_has_the_address(default_world):
    world = default_world
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq(first=70, last=70)
    world.host.ip("addr add 192.168.50.70/32 dev t0")
    client = guest.client("raw")
    ack = client.bind()
    assert ack.your_address == "192.168.50.70"
    assert ack.checksum_ok
    assert len(client.replies(frames.OFFER)) == len(client.replies(frames.ACK)) == 1
    assert world.router.pings("192.168.50.70")


def test_real_client_binds_when_the_slave_has_the_address(default_world):
    world = default_world
    (guest,) = world.namespace_guests("t0")
    world.router.start_dnsmasq(first=71, last=71)
    world.host.ip("addr add 192.168.50.71/32 dev t0")
    guest.start_dhclient()
    assert guest.wait_ipv4() == "192.168.50.71"
    assert guest.pings("192.168.50.1")


def test_host_listener_answers_under_a_slaves_address(default_world):
    """The route that the kernel makes with the address leads to the host itself: why l3sync takes it away."""
    world = default_world
    world.add_slaves("t0")
    world.host.ip("addr add 192.168.50.72/32 dev t0 scope host noprefixroute")
    assert world.kernel.local_route("192.168.50.72")
    with world.host_listener() as (port, _):
        assert world.host_connects("192.168.50.72", port)


@pytest.mark.parametrize("only_own", [False, True], ids=["default", "use_oif_addrs_only"])
def test_host_without_an_ipv6_address_uses_a_slaves(make_world, only_own):
    """K1: although the address is deprecated; only this setting of the parent stops it."""
    world = make_world(sysctls="quiet")
    world.add_slaves("t0")
    world.host.ip("route add fd00:50::/64 dev h0",
                  "addr add fd00:50::72/128 dev t0 nodad noprefixroute preferred_lft 0 valid_lft 60")
    world.host.sysctl(net__ipv6__conf__h0__use_oif_addrs_only=int(only_own))
    assert (world.host_source_towards(IPV6) == "fd00:50::72") != only_own


def test_host_uses_a_slaves_ipv4_address_of_global_scope(make_world):
    """K1: hence scope host."""
    world = make_world()
    world.add_slaves("t0")
    world.host.ip("route add 192.168.50.0/24 dev h0", "addr add 192.168.50.72/32 dev t0 noprefixroute")
    assert world.host_source_towards("192.168.50.1") == "192.168.50.72"
    world.host.ip("addr del 192.168.50.72/32 dev t0", "addr add 192.168.50.72/32 dev t0 scope host noprefixroute")
    assert world.host_source_towards("192.168.50.1") != "192.168.50.72"
