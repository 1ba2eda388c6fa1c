"""l3sync-open --hold: a host that forwards keeps quiet about replies that are for its guests."""

import json
import os
import signal
import socket

import pytest
from harness import frames
from harness.l3sync import install_binaries
from harness.process import Process
from harness.router import IPV4, LINK_LOCAL
from harness.sniffer import Sniffer
from harness.topology import HOST_IPV4, SHARED_MAC

GUEST_IPV6 = "fe80::beef"
STRANGER_IPV4, STRANGER_IPV6 = "192.168.50.222", "fe80::bad"
ICMP_REDIRECT, ICMP6_REDIRECT = 5, 137
IFA_F_TENTATIVE = 0x40


@pytest.fixture
def world(make_world):
    """A container host: it has addresses and forwards; the rest is as the kernel has it."""
    world = make_world(host_address=True)
    world.host.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
    # It redirects nobody before it has a link-local address that has passed its test.
    world.kernel.wait(lambda: any(a.address.startswith("fe80:") and not a.flags & IFA_F_TENTATIVE
                                  for a in world.kernel.addresses("h0")), 30, "the host's link-local address")
    world.router.start_dnsmasq()
    world.wire = Sniffer(world.router.namespace, "r0")
    yield world
    world.wire.close()


def asks_for(address):
    """What makes an ARP request or a neighbour solicitation of the host's. A guest has no address yet to ask from."""
    def match(frame):
        arp, message = frames.parse_arp(frame), frames.parse_icmp6(frame)
        if arp:
            return arp.operation == 1 and arp.sender == HOST_IPV4 and arp.target == address
        return message and message.type == frames.NS and message.source != "::" and message.target == address

    return match


def redirects(address):
    """A message to the server: send what is for `address` to somebody else."""
    def match(frame):
        if frame[12:14] == b"\x08\x00" and frame[23] == 1 and frame[34] == ICMP_REDIRECT:
            return frame[14 + 20 + 8 + 16 :][:4] == frames.ip_bytes(address)  # of the packet that it was about
        message = frames.parse_icmp6(frame)
        return message and message.type == ICMP6_REDIRECT and frame[54 + 8 + 16 :][:16] == frames.ip_bytes(address)

    return match


def send_reply(world, *addresses):
    """From the DHCP server to whoever has the addresses, at the MAC address of all guests and the host."""
    with world.router.namespace.inside():
        server = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    with server:
        server.bind(("r0", 0))
        for address in addresses:
            if ":" in address:
                datagram = frames.udp(LINK_LOCAL, address, 547, 546, bytes(40))
                kind, packet = frames.ETH_IPV6, frames.ipv6(LINK_LOCAL, address, 17, datagram)
            else:
                datagram = frames.udp(IPV4, address, 67, 68, bytes(300))
                kind, packet = frames.ETH_IPV4, frames.ipv4(IPV4, address, 17, datagram)
            server.send(frames.ethernet(world.router.mac, SHARED_MAC, kind, packet))


def expect_silence(world, address):
    """The host has said nothing about `address`, and won't: it does about a stranger's reply, which came later."""
    stranger = STRANGER_IPV6 if ":" in address else STRANGER_IPV4
    send_reply(world, stranger)
    world.wire.wait(asks_for(stranger), what="the host's question for a stranger")
    world.wire.wait(redirects(stranger), what="the host's redirect to a stranger")
    assert world.wire.matching(asks_for(address)) == []
    assert world.wire.matching(redirects(address)) == []


def tables(world):
    listed = json.loads(world.host.run("nft", "--json", "list", "tables"))["nftables"]
    return sorted(entry["table"]["name"] for entry in listed if "table" in entry)


def queues(world):
    with world.host.inside(), open("/proc/thread-self/net/netfilter/nfnetlink_queue") as lines:
        return [int(line.split()[0]) for line in lines]


def test_without_it_the_host_speaks_up(world):
    """F3, and kernel-facts D: the tests below can fail."""
    (guest,) = world.raw_guests("t0")
    world.start_l3sync()
    client = guest.client("raw")
    client.discover()
    address = client.wait_offer().your_address
    send_reply(world, GUEST_IPV6)
    for address in (address, GUEST_IPV6):
        world.wire.wait(asks_for(address), what=f"the host's question for {address}")
        world.wire.wait(redirects(address), what=f"the host's redirect to {address}")


def test_offer_reaches_the_guest_and_nobody_else(world):
    """F3"""
    (guest,) = world.raw_guests("t0")
    l3sync = world.start_l3sync(helper_options=["--hold"])
    client = guest.client("raw")
    address = client.bind().your_address
    assert len(client.replies(frames.OFFER)) == len(client.replies(frames.ACK)) == 1
    assert world.router.pings(address)
    expect_silence(world, address)
    assert l3sync.terminate() == 0
    (stopped,) = l3sync.find("stopped")
    # The ACK was the kernel's to deliver.
    assert stopped["counters"]["held_dropped"] == 1
    assert stopped["counters"]["held_released"] == 1
    assert "held_errors" not in stopped["counters"]


def test_dhcp6_reply_to_a_guest_is_held_too(world):
    """F3: its address is wanted, but not there: the kernel took it when the slave went down."""
    world.add_slaves("t0")
    l3sync = world.start_l3sync(f"--bind=t0={GUEST_IPV6}", helper_options=["--hold"])
    world.kernel.wait_address("t0", GUEST_IPV6)
    world.host.ip("link set t0 down")
    world.kernel.wait_gone("t0", GUEST_IPV6)
    send_reply(world, GUEST_IPV6)
    expect_silence(world, GUEST_IPV6)
    assert l3sync.terminate() == 0
    (stopped,) = l3sync.find("stopped")
    assert stopped["counters"]["held_dropped"] == 1


def test_worker_that_stands_still_stops_no_traffic(world):
    """Fail-open: what finds the queue full goes on."""
    world.add_slaves("t0")
    l3sync = world.start_l3sync(helper_options=["--hold"])
    l3sync.signal(signal.SIGSTOP)
    try:
        strangers = [f"192.168.50.{number}" for number in range(10, 200)]
        send_reply(world, *strangers * 6, STRANGER_IPV4)
        world.wire.wait(asks_for(STRANGER_IPV4), what="the host's question for a stranger")
    finally:
        l3sync.signal(signal.SIGCONT)
    # What was held meanwhile is let go as well, at the latest when the worker stops.
    for stranger in strangers:
        world.wire.wait(asks_for(stranger), what=f"the host's question for {stranger}")
    assert l3sync.terminate() == 0


def test_table_goes_with_the_process(world):
    world.add_slaves("t0")
    l3sync = world.start_l3sync(helper_options=["--hold"])
    assert len(tables(world)) == 1
    assert len(queues(world)) == 1
    with open(f"/proc/{l3sync.pid}/environ") as environment:
        assert ":hold-queue:applier\0" in environment.read()
    # As a firewall does that is started anew.
    world.host.run("nft", "flush", "ruleset")
    assert len(tables(world)) == 1
    l3sync.kill()
    assert tables(world) == [] and queues(world) == []
    world.start_l3sync(helper_options=["--hold"])
    assert len(tables(world)) == len(queues(world)) == 1


def refusal(world, *words):
    """Returns the exit status and the one line."""
    process = Process(world.host, "l3sync-open", install_binaries()["l3sync-open"], "--user=l3sync", *words)
    try:
        status = process.wait_exit()
        (line,) = process.log().splitlines()
        return status, line
    finally:
        process.close()


def test_second_instance_on_the_parent_is_refused_by_name(world):
    world.add_slaves("t0")
    world.start_l3sync(helper_options=["--hold"])
    before = tables(world), queues(world)
    status, line = refusal(world, "--hold", "h0", "--", "/bin/true")
    assert status == 1 and "h0 served by another l3sync" in line
    assert (tables(world), queues(world)) == before


def test_another_parent_has_a_queue_of_its_own(world):
    world.add_slaves("t0")
    world.host.ip("link add d0 type dummy", "link set d0 up")
    world.start_l3sync(helper_options=["--hold"])
    world.start_l3sync(helper_options=["--hold"], parent="d0")
    assert len(set(tables(world))) == len(set(queues(world))) == 2


def test_dry_run_holds_nothing(world):
    world.add_slaves("t0")
    worker = install_binaries()["l3sync"]
    for words in (["--hold", "--dry-run", "h0", "--", "/bin/true"], ["--hold", "h0", "--", worker, "--dry-run", "h0"]):
        status, line = refusal(world, *words)
        assert status == 64 and "--dry-run" in line
    assert tables(world) == [] and queues(world) == []


@pytest.mark.skipif(not os.environ.get("L3SYNC_IN_VM"), reason="takes modules from the kernel")
def test_kernel_without_the_modules_is_told_of(world):
    world.add_slaves("t0")
    modules = ("nft_fib_inet", "nft_queue", "nfnetlink_queue")
    world.host.run("modprobe", "-a", *modules)
    loader = "/proc/sys/kernel/modprobe"
    with open(loader) as current:
        before = current.read()
    try:
        with open(loader, "w") as current:
            current.write("/bin/false\n")
        for module in modules:
            world.host.run("modprobe", "-r", module)
            status, line = refusal(world, "--hold", "h0", "--", "/bin/true")
            assert status == 1
            assert module in line and "modprobe" in line and "leave out --hold" in line
    finally:
        with open(loader, "w") as current:
            current.write(before)
