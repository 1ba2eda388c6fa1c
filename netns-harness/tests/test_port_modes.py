"""Ports with the flags private and vepa, where what is sent to a slave of the same port does not loop back."""

import re

import pytest
from harness import frames
from harness.router import IPV6
from harness.sniffer import Sniffer
from test_dhcp4_raw import assert_bound, assert_each_reply_came_once
from test_links import bound_guest
from test_slaac import assert_on_the_network

FLAGS = pytest.mark.parametrize("flag", ["private", "vepa"])


def injection_device(world):
    return f"l3sync{int((world.host.sysfs() / 'class/net/h0/ifindex').read_text()):x}"


def has_device(world):
    return world.host.succeeds("ip", "link", "show", "dev", injection_device(world))


def replies_seen(frame_log):
    return frame_log.matching(frames.parse_dhcp)


@FLAGS
@pytest.mark.smoke
def test_guests_bind_on_their_first_messages(world, flag):
    """kernel-facts C, S4-1 to S4-5: one OFFER and one ACK each, which no sibling sees and the wire has once."""
    world.add_slaves("t0", "t1", "t2", mode=f"l2 {flag}")
    guests = [world.raw_guest(link) for link in ("t0", "t1", "t2")]
    world.router.start_dnsmasq()
    wire = Sniffer(world.router.namespace, "r0")
    l3sync = world.start_l3sync()
    said = l3sync.wait_event("port-changed")
    assert said["reason"] == f"{flag}_flag"
    assert not has_device(world), "nothing needs it yet"
    clients = [guest.client(f"raw-{guest.link}") for guest in guests[:2]]
    for client in clients:
        assert client.bind().checksum_ok
        assert_bound(world, client.guest.link, client.address)
        l3sync.wait_event("reply-delivered", interface=client.guest.link, address=client.address)
        assert world.router.pings(client.address)
    assert not world.kernel.addresses(injection_device(world))
    last = guests[2].client("raw-t2")
    assert_bound(world, "t2", last.bind().your_address)
    clients.append(last)
    assert_each_reply_came_once(*clients)
    for client in clients:
        assert {message.xid for message in replies_seen(client.guest)} == {client.xid}
    # What the router receives is what guests and host send.
    assert replies_seen(wire) == []
    wire.close()


@FLAGS
def test_slaac_and_dhcpv6(world, flag):
    """N4, N5, S6-1: what comes by multicast or to a link-local address that was learned needs no delivery."""
    world.add_slaves("t0", mode=f"l2 {flag}")
    guest = world.namespace_guest("t0")
    world.router.start_dnsmasq("--dhcp-range=fd00:50::1000,fd00:50::1fff,64,1h", ra=True)
    world.start_l3sync()
    guest.start_slaac()
    assert_on_the_network(world, guest, 1)
    guest.start_process("dhclient -6", "dhclient", "-6", "-d", "-1", "-v", "-cf", "/dev/null",
                        "-lf", guest.folder / "leases6", "-pf", guest.folder / "pid6", "eth0")
    leased = guest.kernel.wait(
        lambda: next((a for a in guest.ipv6() if re.fullmatch("fd00:50::1[0-9a-f]{3}", a)), None), 60, "a DHCPv6 lease in the guest")
    world.kernel.wait_address("t0", leased)
    assert guest.pings(IPV6, source=leased)
    # A slow guest may ask twice, but nothing comes twice.
    to_port = lambda port: lambda frame: frame[12:14] == b"\x86\xdd" and frame[20] == 17 and frame[56:58] == port.to_bytes(2, "big")
    assert len([*filter(to_port(547), guest.sent())]) >= len([*filter(to_port(546), guest.received())]) > 0


@FLAGS
def test_device_of_a_killed_l3sync_goes_with_the_next_start(default_world, flag):
    world = default_world
    world.add_slaves("t0", "t1", mode=f"l2 {flag}")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    bound_guest(world, "t0")
    assert has_device(world)
    assert "matchall" not in world.host.run("tc", "filter", "show", "dev", injection_device(world), "egress")
    l3sync.kill()
    assert has_device(world)
    l3sync = world.start_l3sync()
    assert not has_device(world)
    bound_guest(world, "t1")
    assert has_device(world)
    l3sync.terminate()
    assert not has_device(world)


def test_device_that_somebody_deletes_is_made_again(default_world):
    world = default_world
    world.add_slaves("t0", "t1", mode="l2 private")
    world.router.start_dnsmasq()
    world.start_l3sync()
    bound_guest(world, "t0")
    world.host.ip(f"link del {injection_device(world)}")
    bound_guest(world, "t1")


@FLAGS
def test_without_the_device_it_is_said_and_the_second_offer_comes_by_the_kernel(default_world, flag):
    """S4-2: the offered address is on the slave when the guest asks again."""
    world = default_world
    world.add_slaves("t0", mode=f"l2 {flag}")
    world.host.ip(f"link add {injection_device(world)} type bridge")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    guest = world.raw_guest("t0")
    client = guest.client("raw-t0")
    client.discover()
    said = l3sync.wait_event("reply-undelivered", interface="t0")
    assert said["reason"] == "no_injection"
    assert said["error"] == "EEXIST"
    assert "bridge" in world.host.run("ip", "-d", "link", "show", injection_device(world)), "it is somebody else's"
    client.discover(client.xid)
    client.wait_offer()
    client.request()
    client.wait_ack()
    assert_bound(world, "t0", client.address)
    assert_each_reply_came_once(client)


@FLAGS
def test_port_that_changes_its_flag_and_back_is_served_all_the_time(default_world, flag):
    """The event has cause and mend, and the right delivery from then on."""
    world = default_world
    world.add_slaves("t0", "t1", "t2")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    text = world.start_l3sync("--dry-run", helper_options=["--dry-run"], log_format="text", wait_ready=False)
    text.wait_line("ready")
    bound_guest(world, "t0")
    assert not has_device(world), "a bridge port loops back"
    for mode, link in ((flag, "t1"), ("bridge", "t2")):
        mark = l3sync.mark()
        world.host.ip(f"link set t0 type ipvtap mode l2 {mode}")
        changed = l3sync.wait_event("port-changed", since=mark)
        assert changed.get("reason") == (f"{flag}_flag" if mode == flag else None)
        client, address = bound_guest(world, link)
        assert_each_reply_came_once(client)
        assert world.router.pings(address)
    text.wait_line(rf"h0: the port has the flag {flag}.*ip link set t0 type ipvtap mode l2 bridge")


@pytest.mark.parametrize("mode", ["l3", "l3s"])
def test_port_that_goes_to_l3_is_refused_with_reason_and_mend(default_world, mode):
    """F1: the mending command is taken from the log and does mend."""
    world = default_world
    world.add_slaves("t0", "t1")
    world.router.start_dnsmasq()
    text = world.start_l3sync(log_format="text", wait_ready=False)
    text.wait_line("ready")
    _, address = bound_guest(world, "t0")
    world.host.ip(f"link set t1 type ipvtap mode {mode}")
    line = text.wait_line(rf"h0: the port is in mode {mode}\b.*; ip link set \S+ type ipvtap mode l2$").group()
    world.host.ip(line.rsplit("; ip ", 1)[1])
    text.wait_line("all slaves are in mode l2 without flags: served")
    _, address = bound_guest(world, "t1")
    assert world.router.pings(address)
