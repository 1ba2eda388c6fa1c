"""The worker when an attacker's code runs in it: `l3sync-hijacked` is the worker's own main(), which does
what L3SYNC_ATTACK says when it has its descriptors and is inside its sandbox. What l3sync promises then:
no address that is reserved or on what is no slave, no route, no frame on the wire."""

import errno
import pathlib
import shutil
import signal

import pytest
from harness.l3sync import build_folder, install_binaries
from harness.process import Process
from harness.router import IPV4
from harness.sniffer import Sniffer
from harness.topology import HOST_IPV4 as HOST

GUEST = "192.168.50.77"


class Hijacked(Process):
    """Ends by itself; `came` is what it said, or None when it was killed."""

    def __init__(self, world, attack, *helper_options):
        opener = install_binaries()["l3sync-open"]
        place = pathlib.Path(opener).with_name("l3sync-hijacked")
        shutil.copy(build_folder() / "tests/worker/l3sync-hijacked", place)
        super().__init__(world.host, "l3sync-hijacked", "env", f"L3SYNC_ATTACK={attack}", opener, "--user=l3sync",
                         *helper_options, "h0", "--", place, "h0")
        try:
            self.status = self.wait_exit()
            said = [line for line in self.log().splitlines() if line.startswith("attack: ")]
            self.came = said[0].removeprefix("attack: ") if said else None
        finally:
            self.close()


def refused(world, attack, error, *helper_options):
    hijacked = Hijacked(world, attack, *helper_options)
    assert hijacked.came == f"answer {error}", hijacked.log()


def ifindex(world, link):
    return int((world.host.sysfs() / f"class/net/{link}/ifindex").read_text())


CALLS = ["socket", "open", "exec", "fork", "kill", "ptrace", "unshare", "ioctl", "send-on-capture", "write-to-capture",
         "sendmsg-to-applier", "setsockopt", "bind"]


def test_calls_that_are_not_its_own_kill_it(default_world):
    """Succeeds when the worker's main() does not call EnterSandbox."""
    default_world.add_slaves("t0")
    for call in CALLS:
        hijacked = Hijacked(default_world, f"call {call}")
        assert hijacked.came is None, (call, hijacked.came)
        assert hijacked.status == -signal.SIGSYS, call


def test_kernel_takes_no_change_from_it(default_world):
    """Succeeds when the helper lets the worker keep CAP_NET_ADMIN."""
    default_world.add_slaves("t0")
    routes = default_world.kernel.routes()
    for what in ("address", "route"):
        refused(default_world, f"kernel {what} {ifindex(default_world, 't0')}", errno.EPERM)
    assert not default_world.kernel.learned("t0")
    assert default_world.kernel.routes() == routes


def test_reserved_addresses_are_put_nowhere(make_world):
    """Class P1. Succeeds when ApplyGuard::MayHave says yes."""
    world = make_world(host_address=True)
    world.add_slaves("t0")
    world.host.ip(f"route add 203.0.113.0/24 via {IPV4}")
    slave = ifindex(world, "t0")
    for address in (HOST, IPV4, "192.168.50.255", "127.0.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.0", "::1", "ff02::1",
                    "::ffff:192.168.50.77"):
        refused(world, f"apply put {slave} {address}", errno.EPERM)
    refused(world, f"apply put {slave} {GUEST}", errno.EPERM, f"--deny={GUEST}")
    assert not world.kernel.learned("t0")
    refused(world, f"apply put {slave} {GUEST}", 0)
    assert world.kernel.learned("t0") == [GUEST]


def test_addresses_are_put_on_slaves_only(default_world):
    """Succeeds when ApplyGuard::Check takes every interface for a slave."""
    world = default_world
    world.add_slaves("t0")
    for link in ("h0", "lo"):
        refused(world, f"apply put {ifindex(world, link)} {GUEST}", errno.ENODEV)
        assert GUEST not in world.kernel.learned(link)


def test_addresses_of_others_stay(make_world):
    """Succeeds when ApplyGuard does not look whose an address is."""
    world = make_world(host_address=True)
    world.add_slaves("t0")
    world.host.ip(f"addr add {GUEST}/24 dev t0")
    slave = ifindex(world, "t0")
    for verb in ("replace", "remove", "route", "deliver", "probe"):
        refused(world, f"apply {verb} {slave} {GUEST}", errno.EPERM)
    for verb in ("remove", "route", "deliver"):
        refused(world, f"apply {verb} {ifindex(world, 'h0')} {HOST}", errno.ENODEV)
    assert world.kernel.address("t0", GUEST).prefixlen == 24


def test_no_frame_of_its_own_reaches_the_wire(make_world):
    """Succeeds when RequestHandler::SendToGuest takes any address, or announces unasked."""
    world = make_world(host_address=True)
    world.raw_guests("t0")  # or the host's own stack would answer what is delivered
    slave = ifindex(world, "t0")
    wire = Sniffer(world.router.namespace, "r0")
    refused(world, f"apply put {slave} {GUEST}", 0)
    for verb, error in (("deliver", 0), ("probe", 0), ("announce", errno.EPERM)):
        refused(world, f"apply {verb} {slave} {GUEST}", error)
    for address in (IPV4, HOST, "255.255.255.255"):
        refused(world, f"apply deliver {slave} {address}", errno.EADDRNOTAVAIL)
    # The wire is heard up to here.
    assert world.router.namespace.succeeds("ping", "-c1", "-W10", HOST)
    is_udp = lambda frame: frame[12:14] == b"\x08\x00" and frame[23] == 17
    is_arp = lambda frame: frame[12:14] == b"\x08\x06"
    is_its_own = lambda frame: is_udp(frame) or is_arp(frame) and bytes([192, 168, 50, 77]) in frame
    assert wire.matching(lambda frame: is_its_own(frame) and frame.hex()) == []
    wire.close()


@pytest.mark.parametrize("length", [1, 63, 65, 4096, 20000])
def test_wrong_length_is_the_end(default_world, length):
    """Class P3. Succeeds when ParseApplyRequest does not compare lengths."""
    default_world.add_slaves("t0")
    assert Hijacked(default_world, f"bytes {length}").came in ("gone", "not sent")
