"""--bind: T2, configuration before DHCP before ND; T7, what it lifts and what not."""

from harness import frames
from harness.topology import HOST_IPV4

ADDRESS, ADDRESS6 = "192.168.50.77", "fd00:50::77"
BIND = f"--bind=t0={ADDRESS},{ADDRESS6}"


def test_silent_guest_has_its_addresses_when_its_slave_comes_and_comes_back(world):
    """T2: the guest says nothing but what it is asked; the slave appears later, goes, and comes back."""
    world.start_l3sync(BIND)
    for _ in range(2):
        (guest,) = world.raw_guests("t0")
        guest.own |= {ADDRESS, ADDRESS6}
        for address in (ADDRESS, ADDRESS6):
            world.kernel.wait_address("t0", address)
            assert world.router.pings(address)
        world.delete_slave("t0")
    assert world.l3syncs[0].find("address-confirmed", origin="bind", interface="t0", address=ADDRESS)


def test_name_counts(default_world):
    """T2: the address goes with the name to another slave."""
    world = default_world
    world.add_slaves("t0", "t1")
    world.start_l3sync(BIND)
    world.kernel.wait_address("t0", ADDRESS)
    world.host.ip("link set t0 down", "link set t0 name old", "link set t1 down", "link set t1 name t0", "link set t0 up")
    world.kernel.wait_address("t0", ADDRESS)
    world.kernel.wait_gone("old", ADDRESS)


def test_nobody_else_gets_it(default_world):
    """T2: a server that gives it to another guest, with and without its slave."""
    world = default_world
    (guest,) = world.raw_guests("t1")
    world.router.start_dnsmasq("--dhcp-authoritative", f"--dhcp-host=id:raw,{ADDRESS}")
    l3sync = world.start_l3sync(BIND)
    watch = world.kernel.watch_addresses()
    client = guest.client("raw")
    client.discover()
    l3sync.wait_event("address-refused", interface="t1", address=ADDRESS, reason="configured")
    world.add_slaves("t0")
    world.kernel.wait_address("t0", ADDRESS)
    parent = world.sniffer()
    client.reboot(ADDRESS)
    parent.wait(lambda frame: (m := frames.parse_dhcp(frame)) and m.xid == client.xid and m.type == frames.ACK, what="its ACK")
    world.fence()
    assert ADDRESS not in watch.ever_on("t1")
    assert world.kernel.address("t0", ADDRESS)
    watch.close()


def test_guest_that_is_the_resolver_and_the_next_hop(make_world):
    """T7: reserved for the network, and this guest is it."""
    world = make_world(host_address=True)
    (guest,) = world.raw_guests("t0")
    guest.own.add(ADDRESS)
    world.host.ip(f"route add 198.51.100.0/24 via {ADDRESS} dev h0 onlink")
    world.router.start_dnsmasq(f"--dhcp-option=option:dns-server,{ADDRESS}", f"--dhcp-host=id:raw,{ADDRESS}")
    l3sync = world.start_l3sync(BIND)
    world.kernel.wait_address("t0", ADDRESS)
    assert guest.client("raw").bind().your_address == ADDRESS, "it may lease it too"
    world.fence()
    assert world.router.pings(ADDRESS)
    assert not l3sync.find("address-refused", address=ADDRESS)


def test_host_address_is_not_lifted(make_world):
    """T7: and it comes when the host gives it away."""
    world = make_world(host_address=True)
    world.add_slaves("t0")
    l3sync = world.start_l3sync(f"--bind=t0={HOST_IPV4}")
    l3sync.wait_event("address-refused", interface="t0", address=HOST_IPV4, reason="host_address")
    assert not world.kernel.address("t0", HOST_IPV4)
    world.host.ip(f"addr del {HOST_IPV4}/24 dev h0")
    world.kernel.wait_address("t0", HOST_IPV4)
