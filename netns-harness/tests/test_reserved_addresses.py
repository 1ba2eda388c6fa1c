"""T7, design §6: addresses that no guest gets, whoever says so."""

from harness import frames
from harness.topology import HOST_IPV4


def assert_refused(world, address, *options):
    """A server that offers `address`, and a guest that asks for it."""
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq("--dhcp-authoritative", f"--dhcp-host=id:raw,{address}")
    l3sync = world.start_l3sync(*options)
    parent = world.sniffer()
    watch = world.kernel.watch_addresses()
    client = guest.client("raw")
    client.discover()
    parent.wait(lambda frame: (m := frames.parse_dhcp(frame)) and m.xid == client.xid and m.your_address == address,
                what=f"an OFFER of {address}")
    client.reboot(address)
    parent.wait(lambda frame: (m := frames.parse_dhcp(frame)) and m.xid == client.xid and m.type == frames.ACK,
                what=f"an ACK of {address}")
    refused = l3sync.wait_event("address-refused", interface="t0", address=address)
    assert refused["reason"]
    world.fence()
    assert address not in watch.ever_on("t0")
    watch.close()


def test_hosts_own_address_is_refused(make_world):
    """F8: the kernel would give it away, and the host would be cut off."""
    world = make_world(host_address=True)
    assert_refused(world, HOST_IPV4)
    assert world.router.pings(HOST_IPV4)


def test_hosts_gateway_is_refused(make_world):
    world = make_world(host_address=True)
    world.host.ip("route add default via 192.168.50.9 dev h0 onlink")
    assert_refused(world, "192.168.50.9")


def test_denied_address_is_refused(default_world):
    assert_refused(default_world, "192.168.50.81", "--deny=192.168.50.80/30")


def test_address_that_becomes_the_hosts_leaves_the_slave(default_world):
    world = default_world
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    address = guest.client("raw").bind().your_address
    world.kernel.wait_address("t0", address)
    world.host.ip(f"addr add {address}/24 dev h0")
    world.kernel.wait_gone("t0", address)
    l3sync.wait_event("address-removed", interface="t0", address=address, reason="host_address")
    assert world.kernel.address("h0", address)
    assert world.router.pings(address), "the host has it now"


def test_ipv6_address_that_becomes_the_hosts_leaves_the_slave(default_world):
    """T7: on an interface that is not the parent, too."""
    world = default_world
    (guest,) = world.raw_guests("t0")
    l3sync = world.start_l3sync()
    guest.send(frames.dad_solicitation(guest.mac, "fe80::77"))
    world.kernel.wait_address("t0", "fe80::77")
    world.host.ip("link add other type veth peer name other-end", "link set other up", "addr add fe80::77/64 dev other nodad")
    world.kernel.wait_gone("t0", "fe80::77")
    l3sync.wait_event("address-removed", interface="t0", address="fe80::77", reason="host_address")
