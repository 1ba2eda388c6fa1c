"""What befalls the parent, the slaves and the clock: afterwards the kernel has what l3sync wants, and guests are served."""

import datetime
import pathlib
import time

import pytest
from harness import frames
from harness.namespace import Namespace
from harness.rtnetlink import KERNEL_PROTOS, until_answered
from harness.topology import SHARED_MAC, bound_guest

LEASE = 3600
YEAR = 365 * 24 * 3600
# Rings and buffers of l3sync, and then some; what it knows of 500 slaves is less than 1 MB.
MEMORY_KB = 64 << 10


def claim(world, guest, address):
    """The guest gives itself an address of its own choice."""
    guest.own.add(address)
    guest.send(frames.dad_solicitation(guest.mac, address))
    world.kernel.wait_address(guest.link, address)


def served_guest(world):
    """On t0, with a lease and fe80::5555."""
    world.add_slaves("t0")
    world.router.start_dnsmasq()
    world.start_l3sync()
    client, address = bound_guest(world, "t0")
    claim(world, client.guest, "fe80::5555")
    return client, address


def test_addresses_serve_again_after_the_parent_was_down(world):
    """F17"""
    client, address = served_guest(world)
    world.host.ip("link set h0 down")
    world.host.ip("link set h0 up")
    for back in (address, "fe80::5555"):
        world.kernel.wait_address("t0", back)
        world.kernel.wait_no_local_route(back)
    assert world.router.pings(address)
    other = client.guest.client("other")
    assert world.kernel.wait_address("t0", other.bind().your_address)


def test_first_offer_comes_after_the_mac_of_all_slaves_changed(world):
    """F20: the guests' MAC is the parent's."""
    world.add_slaves("t0", "t1")
    world.router.start_dnsmasq()
    world.start_l3sync()
    client, address = bound_guest(world, "t0")
    new_mac = SHARED_MAC[:-2] + "aa"
    world.host.ip(f"link set h0 address {new_mac}")
    assert world.kernel.address("t0", address)
    guest = world.raw_guest("t1")
    guest.mac = client.guest.mac = new_mac
    fresh = guest.client("fresh")
    assert world.kernel.wait_address("t1", fresh.bind().your_address)
    # l3sync works in order: what did not come before this did, does not come.
    world.kernel.wait_address("t0", client.guest.client("later").bind().your_address)
    for kind in (frames.OFFER, frames.ACK):
        assert len(fresh.replies(kind)) == 1
    # The router may have the old MAC in its neighbour table for a while.
    world.router.namespace.ip("neigh flush dev r0")
    assert world.router.pings(address)


def test_parent_is_served_under_its_new_name(default_world):
    world = default_world
    world.add_slaves("t0")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    _, address = bound_guest(world, "t0")
    world.host.ip("link set h0 down", "link set h0 name wan", "link set wan up")
    assert world.router.pings(address)
    world.host.ip("link add link wan name t1 type ipvtap mode l2", "link set t1 up")
    l3sync.wait_event("link-added", interface="t1")
    bound_guest(world, "t1")


def test_slave_that_comes_back_from_another_namespace_is_served_again(default_world):
    """Class S6. What it had went with it."""
    world = default_world
    world.add_slaves("t0")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    client, address = bound_guest(world, "t0")
    elsewhere = Namespace("elsewhere")
    try:
        world.host.ip(f"link set t0 netns {elsewhere}")
        left = l3sync.wait_event("link-removed", interface="t0")
        assert "namespace" in left["reason"]
        mark = l3sync.mark()
        elsewhere.ip(f"link set t0 netns {world.host}")
    finally:
        elsewhere.close()
    world.host.ip("link set t0 up")
    l3sync.wait_event("link-added", since=mark, interface="t0")
    assert client.bind().your_address == address
    world.kernel.wait_address("t0", address)
    assert world.router.pings(address)


def test_flush_of_a_slave_is_repaired(world):
    """K4"""
    client, address = served_guest(world)
    watch = world.kernel.watch_addresses()
    world.host.ip("addr flush dev t0")
    for back in (address, "fe80::5555"):
        world.kernel.wait_address("t0", back)
        world.kernel.wait_no_local_route(back)
    gone = {change.address.address for change in watch.changes() if not change.added}
    assert gone >= {address, "fe80::5555"}
    assert world.router.pings(address)
    watch.close()


@pytest.mark.skipif(not pathlib.Path("/run/vm").exists(), reason="the clock is the whole machine's: only in the VM")
@pytest.mark.parametrize("jump", [YEAR, -YEAR], ids=["forward", "back"])
def test_wall_clock_that_is_set_changes_no_lifetime(default_world, jump):
    """Class S5; S4-8: nor does it look like a suspend."""
    world = default_world
    world.add_slaves("t0")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    _, address = bound_guest(world, "t0")
    l3sync.wait_event("address-refreshed", interface="t0", address=address)
    mark = l3sync.mark()
    time.clock_settime(time.CLOCK_REALTIME, time.time() + jump)
    try:
        world.fence()
        assert LEASE - 120 <= world.kernel.address("t0", address).valid <= LEASE
        assert not l3sync.find("resync", since=mark)
        assert not l3sync.find("address-removed", since=mark)
    finally:
        time.clock_settime(time.CLOCK_REALTIME, time.time() - jump)


@pytest.mark.parametrize("count", [128, 500])
def test_many_slaves_at_once_are_all_served(default_world, count):
    """K5: as when a host starts all its guests. Each has its address, the kernel has no other of ours,
    and nothing had to be read anew."""
    world = default_world
    wanted = {(f"s{number}", f"10.0.{number // 200}.{number % 200 + 1}") for number in range(count)}
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync(*(f"--bind={link}={address}" for link, address in wanted))
    mark = l3sync.mark()
    world.add_slaves(*(link for link, _ in wanted))
    l3sync.wait(lambda: len(l3sync.find("address-confirmed", since=mark, origin="bind")) >= count, 600, "all have theirs")
    assert {(a.link, a.address) for a in world.kernel.addresses()
            if a.link.startswith("s") and a.proto not in KERNEL_PROTOS} == wanted
    assert len(l3sync.find("address-confirmed", since=mark)) == count
    assert not l3sync.find("resync", since=mark)
    # F13: the kernel's own multicasts on so many new slaves fill the port's queue.
    client = world.raw_guest("s99").client("raw-s99")
    until_answered(client.discover, client.wait_offer)
    address = until_answered(client.request, client.wait_ack).your_address
    assert world.router.pings(address)
    assert l3sync.resident_kb() < MEMORY_KB
    took = [datetime.datetime.fromisoformat(l3sync.find(event)[which]["time"][:26]) for event, which in (("link-added", 0), ("address-confirmed", -1))]
    print(f"{count} slaves: {(took[1] - took[0]).total_seconds():.1f} s, of which l3sync computed {l3sync.cpu_seconds():.1f} s; "
          f"{l3sync.resident_kb()} kB")
