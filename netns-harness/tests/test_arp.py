"""ARP is evidence, never a claim."""

from harness import frames
from harness.router import IPV4
from harness.router import MAC as ROUTER_MAC
from harness.topology import SHARED_MAC

STRANGER = "02:00:00:00:00:77"


def bound(world, name="raw"):
    """A guest on t0 with a lease, and l3sync's mark after it."""
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    client = guest.client(name)
    address = client.bind().your_address
    l3sync.wait_event("address-confirmed", interface="t0", address=address)
    return guest, address, l3sync


def test_machine_that_announces_a_guests_address_is_named(world):
    """D7: once in a minute; the guest keeps its address."""
    _, address, l3sync = bound(world)
    for _ in range(50):
        world.router.send(frames.arp(STRANGER, 1, address, address))
    said = l3sync.wait_event("address-conflict", interface="t0", address=address)
    assert said["mac"] == STRANGER
    assert said["level"] == "warning"
    assert said["origin"] == "dhcp4-ack"
    world.fence()
    assert len(l3sync.find("address-conflict")) == 1
    assert world.kernel.address("t0", address)
    assert world.router.pings(address)


def test_machine_that_answers_a_guests_probe_is_named(world):
    """F4, D7: to l3sync only, for the guest does not see the answer."""
    guest, address, l3sync = bound(world)
    guest.send(frames.arp(SHARED_MAC, 1, "0.0.0.0", address))
    world.router.send(frames.arp(STRANGER, 2, address, "0.0.0.0", SHARED_MAC, destination_mac=SHARED_MAC))
    assert l3sync.wait_event("address-conflict", interface="t0", address=address)["mac"] == STRANGER
    world.fence()
    assert not [a for a in guest.matching(frames.parse_arp) if a.sender_mac == STRANGER]


def test_what_is_no_conflict(world):
    """F21: a proxy's answer with the shared MAC; RFC 5227 §1.1: a probe; and the ARP of everyday."""
    guest, address, l3sync = bound(world)
    world.router.send(frames.arp(SHARED_MAC, 2, address, IPV4, ROUTER_MAC, destination_mac=SHARED_MAC, frame_mac=STRANGER))
    world.router.send(frames.arp(STRANGER, 1, "0.0.0.0", address))
    world.router.send(frames.arp(STRANGER, 1, "192.168.50.77", address))
    assert world.router.pings(address)
    guest.send(frames.arp(SHARED_MAC, 1, address, IPV4))
    world.fence()
    assert not l3sync.find("address-conflict")


def test_nothing_is_learned_from_arp(default_world):
    """N6: neither from a guest's probe, announcement or answer, nor from the network's."""
    world = default_world
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    for sender, target in (("0.0.0.0", "192.168.50.201"), ("192.168.50.202", "192.168.50.202"),
                           ("192.168.50.203", IPV4), ("169.254.7.7", "169.254.7.7")):
        for operation in (1, 2):
            guest.send(frames.arp(SHARED_MAC, operation, sender, target))
            world.router.send(frames.arp(STRANGER, operation, sender, target))
    world.fence()
    assert world.kernel.learned("t0") == []
    assert not l3sync.find("address-requested", interface="t0")
    l3sync.terminate()
    assert l3sync.find("stopped")[0]["counters"]["ignored_arp_without_conflict"] >= 8, "and none of it was missed"
