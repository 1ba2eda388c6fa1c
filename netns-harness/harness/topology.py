"""The world of a test.

      router                      host                              guests
    ┌──────────┐            ┌─────────────────────┐
    │ dnsmasq  │            │ l3sync        t0 ── │ ── /dev/tapA ── RawGuest
    │       r0 │── veth ────│ h0 (parent) ──t1 ── │ ── /dev/tapB ── NamespaceGuest
    └──────────┘            │               t2 …  │
     192.168.50.1           └─────────────────────┘
     fd00:50::1               ipvtap, mode l2: every guest has h0's MAC
"""

import contextlib
import socket

from .guest import NamespaceGuest
from .l3sync import L3sync
from .namespace import Namespace
from .parents import SHARED_MAC, Bond, BondOfSeveralMacs, Macvlan, Reflecting, Veth, Vlan
from .router import FENCES, Router, listening
from .rtnetlink import Kernel
from .sniffer import Sniffer
from .tap import RawGuest
from .wifi import WifiStation

PARENTS = {"veth": Veth, "vlan": Vlan, "bond": Bond, "bond-of-several-macs": BondOfSeveralMacs, "wifi": WifiStation,
           "reflecting": Reflecting, "macvlan": Macvlan}
HOST_IPV4, HOST_IPV6 = "192.168.50.5", "fd00:50::5"
# A host whose kernel says nothing of its own on the slaves. Kernel defaults
# (what most machines have) are the other variant; tests run with both.
QUIET_SYSCTLS = {
    "net__ipv4__conf__all__arp_ignore": 1,
    "net__ipv6__conf__default__accept_ra": 0,
    "net__ipv6__conf__default__autoconf": 0,
    "net__ipv6__conf__default__addr_gen_mode": 1,
    "net__ipv6__conf__default__router_solicitations": 0,
}


class World:
    def __init__(self, folder, sysctls="default", host_address=False, parent="veth"):
        """`host_address`: the parent has addresses of its own, as a host that serves has.
        `parent`: what h0 is, one of PARENTS.
        """
        self.folder, self.sysctls = folder, sysctls
        self._stack = contextlib.ExitStack()
        self.l3syncs = []
        self.guests = []
        self._fence_guest = None
        self._fences = iter(FENCES)
        try:
            self._build(sysctls, host_address, parent)
        except BaseException:
            self._stack.close()
            raise

    def _build(self, sysctls, host_address, parent):
        self.router = Router(self._stack, self.folder)
        self.host = Namespace("host")
        self._stack.callback(self.host.close)
        self.kernel = Kernel(self.host)
        if sysctls == "quiet":
            self.host.sysctl(**QUIET_SYSCTLS)
        self.parent = PARENTS[parent](self.host, self.kernel, self.router, self.folder)
        self._stack.callback(self.parent.close)
        self.parent.build()
        self.router.configure()
        self.host.ip("link set h0 up")
        if host_address:
            self.host.ip(f"addr add {HOST_IPV4}/24 dev h0", f"addr add {HOST_IPV6}/64 dev h0 nodad")

    def close(self):
        self._stack.close()

    def add_slaves(self, *names, mode="l2", kind="ipvtap"):
        """Up, and without an address but for what the kernel gives them."""
        self.host.ip(*(f"link add link h0 name {name} type {kind} mode {mode}" for name in names),
                     *(f"link set {name} up" for name in names))

    def delete_slave(self, name):
        self.host.ip(f"link del {name}")

    def raw_guest(self, link):
        guest = RawGuest(self.host, link, SHARED_MAC, self.router.mac)
        self._stack.callback(guest.close)
        return guest

    def raw_guests(self, *links):
        """Slaves, and a guest on each."""
        self.add_slaves(*links)
        return [self.raw_guest(link) for link in links]

    def namespace_guest(self, link):
        self.guests.append(NamespaceGuest(self._stack, self.folder, self.host, link, SHARED_MAC))
        return self.guests[-1]

    def namespace_guests(self, *links):
        self.add_slaves(*links)
        return [self.namespace_guest(link) for link in links]

    def sniffer(self, link="h0", namespace=None):
        """Of the host, or of `namespace`."""
        sniffer = Sniffer(namespace or self.host, link)
        self._stack.callback(sniffer.close)
        return sniffer

    def start_l3sync(self, *options, wait_ready=True, **keywords):
        started = L3sync(self.host, *options, **keywords)
        self.l3syncs.append(started)
        self._stack.callback(started.close)
        if wait_ready:
            started.wait_ready()
        return started

    def fence(self):
        """Returns when l3sync has dealt with every frame sent before.

        l3sync works in order, and this OFFER comes to its guest only through
        l3sync: what did not happen by then does not happen at all.
        """
        if self._fence_guest is None:
            (self._fence_guest,) = self.raw_guests("fence0")
            self.l3syncs[-1].wait_event("link-added", interface="fence0")
        client = self._fence_guest.client(next(self._fences))
        client.discover()
        client.wait_offer()

    @contextlib.contextmanager
    def host_listener(self, family=socket.AF_INET):
        """On the host; yields (port, addresses of those who connected)."""
        peers = []
        with listening(self.host, family, peers) as port:
            yield port, peers

    def host_connects(self, address, port, timeout=10):
        """The host opens a TCP connection. True when it was answered."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.host.inside():
            connection = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        with connection:
            connection.settimeout(timeout)
            try:
                connection.connect((address, port))
                return connection.recv(5) == b"hello"
            except OSError:
                return False

    def host_source_towards(self, address):
        """The host's own address that its kernel chooses; nothing is sent."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.host.inside():
            probe = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        with probe:
            try:
                probe.connect((address, 9))
            except OSError:
                return None
            return probe.getsockname()[0]

    def logs(self):
        """For a failed test's report."""
        parts = [(f"l3sync {number}", process.log()) for number, process in enumerate(self.l3syncs, 1)]
        if self.router.dnsmasq:
            parts.append(("dnsmasq", self.router.dnsmasq.log()))
        for process in (*self.router.processes, *self.parent.processes, *self.guest_processes()):
            parts.append((process.name, process.log()))
        return parts

    def guest_processes(self):
        return [process for guest in self.guests for process in guest.processes]


def bound_guest(world, link):
    """A guest on the slave `link` that got a lease: its client and the address, which the kernel has."""
    client = world.raw_guest(link).client(f"raw-{link}")
    address = client.bind().your_address
    world.kernel.wait_address(link, address)
    return client, address
