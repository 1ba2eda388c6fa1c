"""The router of the topology: its namespace, dnsmasq, and what it can see of its guests."""

import contextlib
import socket
import threading

from . import frames
from .namespace import Namespace
from .process import Process
from .rtnetlink import Kernel
from .servers import RA_SERVERS, SERVERS

IPV4, IPV4_NET = "192.168.50.1", "192.168.50.0/24"
IPV6, IPV6_PREFIX = "fd00:50::1", "fd00:50::"
FIRST6 = "fd00:50::1000"
MAC = "02:00:00:00:00:01"
LINK_LOCAL = "fe80::1"
DNSMASQ = (
    # Nothing of the machine's configuration, and no DNS.
    "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--no-resolv", "--no-hosts",
    "--user=root", "--interface=r0", "--bind-interfaces", "--log-dhcp", "--log-facility=-", "--pid-file=",
    # It would ping an address for 3 s before each first offer.
    "--no-ping",
)


# Client identifiers of World.fence(), each with an address that nobody else gets.
FENCES = {f"fence{number}": f"192.168.50.{240 + number}" for number in range(12)}


class Router:
    def __init__(self, stack, folder):
        self._stack, self._folder = stack, folder
        self.namespace = Namespace("router")
        stack.callback(self.namespace.close)
        self.kernel = Kernel(self.namespace)
        self.mac = MAC
        self.dnsmasq = None
        # Other servers than start_dnsmasq's.
        self.processes = []

    def configure(self):
        """Once r0 is there."""
        # No duplicate detection of its own: its addresses serve from the first moment.
        self.namespace.sysctl(net__ipv6__conf__r0__accept_dad=0, net__ipv6__conf__r0__addr_gen_mode=1)
        self.namespace.ip(
            "link set r0 up",
            f"addr add {IPV4}/24 dev r0", f"addr add {IPV6}/64 dev r0 nodad", f"addr add {LINK_LOCAL}/64 dev r0 nodad",
        )
        self.namespace.sysctl(net__ipv6__conf__all__forwarding=1)

    def start_process(self, name, *command, **options):
        process = Process(self.namespace, name, *command, **options)
        self._stack.callback(process.close)
        self.processes.append(process)
        return process

    def start_server(self, name):
        server = {**SERVERS, **RA_SERVERS}[name](self, self._folder)
        server.start()
        return server

    def start_dnsmasq(self, *options, first=50, last=150, lease="1h", dhcp4=True, ra=False, ra_lifetime="1h",
                      dhcp6=None, last6="fd00:50::1fff"):
        """DHCPv4, and router advertisements of fd00:50::/64 for SLAAC with `ra`. DHCPv6 of
        fd00:50::1000 to `last6`, with leases of `dhcp6`.

        Called again it starts anew, with the leases that it had.
        """
        words = [*DNSMASQ, f"--dhcp-leasefile={self._folder}/leases", *options]
        words += [f"--dhcp-host=id:{name},{address}" for name, address in FENCES.items()]
        if dhcp4:
            words.append(f"--dhcp-range=192.168.50.{first},192.168.50.{last},255.255.255.0,{lease}")
        if ra:
            words += [f"--dhcp-range={IPV6_PREFIX},ra-only,64,{ra_lifetime}", "--enable-ra"]
        if dhcp6:
            words.append(f"--dhcp-range={FIRST6},{last6},64,{dhcp6}")
        if self.dnsmasq:
            self.dnsmasq.terminate()
        self.dnsmasq = Process(self.namespace, "dnsmasq", *words)
        self._stack.callback(self.dnsmasq.close)
        self.dnsmasq.wait_line(r"sockets bound|IPv6 router advertisement" if ra and not dhcp4 else r"sockets bound", timeout=120)

    def forget_leases(self):
        self.dnsmasq.terminate()
        (self._folder / "leases").unlink()

    def advertise(self, prefix=IPV6_PREFIX, source=LINK_LOCAL, **options):
        """One RA of our own making, see frames.router_advertisement()."""
        self.send(frames.router_advertisement(self.mac, source, prefix, **options))

    def pings(self, address, seconds=20):
        """True at the first answer."""
        return self.namespace.succeeds("ping", "-n", "-q", "-c", "1", "-w", seconds, address)

    def send(self, frame, link="r0"):
        """As it is, from one of the router's devices: it says which station there sends it."""
        self.namespace.send_frame(link, frame)

    @contextlib.contextmanager
    def listener(self, family=socket.AF_INET):
        """A TCP listener; yields (port, addresses of those who connected)."""
        peers = []
        with listening(self.namespace, family, peers) as port:
            yield port, peers


@contextlib.contextmanager
def listening(namespace, family, peers):
    with namespace.inside():
        server = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    server.bind(("", 0))
    server.listen()

    def accept():
        while True:
            try:
                connection, peer = server.accept()
            except OSError:
                return
            # Before the peer sees the answer, so that it finds itself in the list.
            peers.append(peer[0])
            with connection:
                connection.sendall(b"hello")

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(10)
