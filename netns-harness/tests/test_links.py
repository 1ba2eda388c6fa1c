"""Slaves that come, go and change while l3sync runs."""

import json
import os
import signal

from harness import frames
from harness.topology import SHARED_MAC, bound_guest

# At 2 kB each and more they overflow a receive buffer of 8 MiB.
LINK_MESSAGES = 8000


def test_slave_made_while_running_is_served(world):
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    for link in ("t0", "t1"):
        world.add_slaves(link)
        l3sync.wait_event("link-added", interface=link)
        _, address = bound_guest(world, link)
        assert world.router.pings(address)


def test_deleted_slave_leaves_the_others_alone(default_world):
    """Class S6"""
    world = default_world
    world.add_slaves("t0", "t1")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    bound_guest(world, "t0")
    client, address = bound_guest(world, "t1")
    world.delete_slave("t0")
    l3sync.wait_event("link-removed", interface="t0")
    client.renew()
    client.wait_ack()
    assert world.kernel.address("t1", address)


def test_slave_made_again_under_its_name_is_a_new_one(default_world):
    """Class S6"""
    world = default_world
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    for _ in range(2):
        mark = l3sync.mark()
        world.add_slaves("t0")
        l3sync.wait_event("link-added", since=mark, interface="t0")
        _, address = bound_guest(world, "t0")
        world.delete_slave("t0")
        l3sync.wait_event("link-removed", since=mark, interface="t0")


def test_addresses_come_back_after_down_and_up(world):
    """F17, K1: the kernel drops IPv6 addresses of a slave that goes down, and an up brings back the local route of IPv4."""
    world.add_slaves("t0")
    world.router.start_dnsmasq(ra=True)
    world.start_l3sync()
    client, address = bound_guest(world, "t0")
    guest = client.guest
    guest.send(frames.router_solicitation(SHARED_MAC))
    guest.wait(lambda frame: (m := frames.parse_icmp6(frame)) and m.type == frames.RA, what="RA")
    claims = ("fe80::5555", "fd00:50::5555")
    for claim in claims:
        guest.own.add(claim)
        guest.send(frames.dad_solicitation(SHARED_MAC, claim))
        world.kernel.wait_address("t0", claim)
    world.host.ip("link set t0 down")
    assert not world.kernel.address("t0", claims[1])
    world.host.ip("link set t0 up")
    for back in (address, *claims):
        world.kernel.wait_address("t0", back)
        world.kernel.wait_no_local_route(back)
    assert world.router.pings(address)
    assert world.router.pings(claims[1])


def test_renamed_slave_is_served_under_its_new_name(default_world):
    """Class S6"""
    world = default_world
    world.add_slaves("t0")
    world.router.start_dnsmasq(lease="2m")
    l3sync = world.start_l3sync()
    client, address = bound_guest(world, "t0")
    world.host.ip("link set t0 down", "link set t0 name web", "link set web up")
    world.router.start_dnsmasq(lease="1h")
    mark = l3sync.mark()
    client.renew()
    client.wait_ack()
    l3sync.wait_event("address-refreshed", since=mark, interface="web", address=address)
    assert world.kernel.address("web", address)


def test_foreign_delete_of_a_learned_address_is_repaired(world):
    """Class S6; K4"""
    world.add_slaves("t0")
    world.router.start_dnsmasq()
    world.start_l3sync()
    _, address = bound_guest(world, "t0")
    watch = world.kernel.watch_addresses()
    world.host.ip(f"addr del {address}/32 dev t0")
    world.kernel.wait_address("t0", address)
    world.kernel.wait_no_local_route(address)
    assert any(not c.added and c.address.address == address for c in watch.changes()), "it was gone"
    assert world.router.pings(address)
    watch.close()


def test_foreign_delete_again_and_again_is_not_fought(default_world):
    """K4: 3 times an hour, then it is held and said."""
    world = default_world
    world.add_slaves("t0")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    _, address = bound_guest(world, "t0")
    for _ in range(3):
        world.host.ip(f"addr del {address}/32 dev t0")
        world.kernel.wait_address("t0", address)
    mark = l3sync.mark()
    world.host.ip(f"addr del {address}/32 dev t0")
    l3sync.wait(lambda: [e for e in l3sync.events[mark:] if e.get("address") == address], 30, "it says that it gives up")
    world.fence()
    assert not world.kernel.address("t0", address)


def test_lost_notifications_are_made_good(default_world):
    """Class S7; K5: it is stopped while the kernel has more to tell than its socket holds."""
    world = default_world
    world.add_slaves("t0", "t1", "t2")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    _, address = bound_guest(world, "t0")
    mark = l3sync.mark()
    os.kill(l3sync.pid, signal.SIGSTOP)
    world.host.ip(f"addr del {address}/32 dev t0", "link del t1",
                  *(f"link set t2 alias number-{number}" for number in range(LINK_MESSAGES)))
    os.kill(l3sync.pid, signal.SIGCONT)
    l3sync.wait_event("resync", since=mark)
    world.kernel.wait_address("t0", address)
    l3sync.wait_event("link-removed", since=mark, interface="t1")


def test_foreign_address_on_a_slave_is_left_alone(default_world):
    world = default_world
    world.add_slaves("t0")
    world.host.ip("addr add 192.168.50.33/32 dev t0")
    world.router.start_dnsmasq()
    world.start_l3sync()
    _, address = bound_guest(world, "t0")
    assert world.kernel.learned("t0") == sorted([address, "192.168.50.33"])


def test_slave_in_another_mode_is_refused_with_the_reason(default_world):
    """F1: l3 drops what DHCP and neighbour discovery need."""
    world = default_world
    world.add_slaves("t0", mode="l3")
    l3sync = world.start_l3sync(log_format="text", wait_ready=False)
    l3sync.wait_line(r"mode l3\b.*mode l2\b")
    said = world.start_l3sync("--dry-run", helper_options=["--dry-run"]).wait_event("port-changed")
    assert "l3" in said["reason"]
    assert world.kernel.learned("t0") == []


def test_port_that_leaves_l2_is_an_event_with_cause_and_mend(default_world):
    """A link made without a mode turns all slaves of the parent to l3, and their notifications still say l2."""
    world = default_world
    world.add_slaves("t0")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    world.host.ip("link add link h0 name careless type ipvtap")
    changed = l3sync.wait_event("port-changed")
    assert "l3" in json.dumps(changed)
    assert changed["reason"]
    mark = l3sync.mark()
    world.host.ip("link set t0 type ipvtap mode l2")
    l3sync.wait_event("port-changed", since=mark)
    _, address = bound_guest(world, "t0")
    assert world.router.pings(address)


def test_plain_ipvlan_slave_of_the_host_is_named_and_left_alone(default_world):
    """F10: its own client would find its address taken."""
    world = default_world
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    world.add_slaves("p0", kind="ipvlan")
    l3sync.wait(lambda: [e for e in l3sync.events if e.get("interface") == "p0"], 30, "p0 is named")
    world.fence()
    assert world.kernel.learned("p0") == []


def test_parent_that_is_deleted_ends_l3sync(default_world):
    """Design §8"""
    world = default_world
    world.add_slaves("t0")
    l3sync = world.start_l3sync()
    l3sync.ended_by_test = True
    world.host.ip("link del h0")
    assert l3sync.wait_exit() == 1
    assert l3sync.find("parent-gone")
