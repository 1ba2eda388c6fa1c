"""A guest that is a namespace: real kernel, real clients, and a NIC that is plugged
into an ipvtap slave as a hypervisor would plug a virtual machine's."""

import fcntl
import os
import select
import struct
import threading

from .clients import CLIENTS, NIC
from .namespace import Namespace
from .process import Process
from .rtnetlink import SCOPE_GLOBAL, SCOPE_LINK, Kernel
from .tap import IFF_NO_PI, IFF_TAP, TUNSETIFF, open_tap


class Pump:
    """Copies frames between two descriptors, both ways, as they are, and remembers them."""

    def __init__(self, one, other):
        self._ends = {one: other, other: one}
        self._copied = []
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._copy, daemon=True, name="pump")
        self._thread.start()

    def _copy(self):
        poll = select.poll()
        for end in (*self._ends, self._stop_read):
            poll.register(end, select.POLLIN)
        while True:
            for end, event in poll.poll():
                if end == self._stop_read:
                    return
                if event & ~select.POLLIN:
                    poll.unregister(end)  # the slave was deleted
                    continue
                try:
                    frame = os.read(end, 65536)
                    os.write(self._ends[end], frame)
                    self._copied.append((end, frame))
                except OSError:
                    pass  # a device that is down takes no frames, as a wire does

    def copied(self, origin):
        """What came from one of the descriptors so far."""
        return [frame for end, frame in list(self._copied) if end == origin]

    def close(self):
        os.write(self._stop_write, b"x")
        self._thread.join(10)
        for descriptor in (*self._ends, self._stop_read, self._stop_write):
            os.close(descriptor)


class NamespaceGuest:
    """Its NIC is down and unconfigured until a client or `up` changes that."""

    def __init__(self, stack, folder, host, link, mac):
        self._stack = stack
        self.link = link
        self.folder = folder / f"guest-{link}"
        self.folder.mkdir()
        self.namespace = Namespace(f"guest-{link}")
        stack.callback(self.namespace.close)
        self.kernel = Kernel(self.namespace)
        self.processes = []
        with self.namespace.inside():
            nic = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            fcntl.ioctl(nic, TUNSETIFF, struct.pack("16sH", NIC.encode(), IFF_TAP | IFF_NO_PI))
        self.namespace.ip(f"link set {NIC} address {mac}")
        self._nic, self._tap = nic, open_tap(host, link)
        self._pump = Pump(self._nic, self._tap)
        stack.callback(self._pump.close)

    def start_process(self, name, *command):
        process = Process(self.namespace, f"{name} on {self.link}", *command)
        self._stack.callback(process.close)
        self.processes.append(process)
        return process

    def sent(self):
        """Frames of the guest that its slave took."""
        return self._pump.copied(self._nic)

    def received(self):
        return self._pump.copied(self._tap)

    def ipv4(self):
        return [a.address for a in self.kernel.addresses(NIC) if ":" not in a.address]

    def ipv6(self, scope=SCOPE_GLOBAL):
        """Of those that passed duplicate address detection."""
        tentative_or_failed = 0x40 | 0x08
        return [a.address for a in self.kernel.addresses(NIC)
                if ":" in a.address and a.scope == scope and not a.flags & tentative_or_failed]

    def link_local(self):
        return self.ipv6(SCOPE_LINK)

    def wait_ipv4(self, timeout=60):
        return self.kernel.wait(self.ipv4, timeout, f"an IPv4 address in the guest on {self.link}")[0]

    def wait_ipv6(self, count, timeout=60):
        return self.kernel.wait(lambda: len(self.ipv6()) >= count and self.ipv6(), timeout,
                                f"{count} IPv6 addresses in the guest on {self.link}")

    def pings(self, address, source=None, seconds=20):
        return self.namespace.succeeds("ping", "-n", "-q", "-c", "1", "-w", seconds, *(["-I", source] if source else []), address)

    def start_client(self, name):
        """A client of clients.py, started."""
        client = CLIENTS[name](self)
        client.start()
        return client

    def start_dhclient(self):
        return self.start_client("dhclient").process

    def start_udhcpc(self):
        return self.start_client("udhcpc").process

    def start_dhcpcd(self):
        return self.start_client("dhcpcd").process

    def start_slaac(self, temporary=False, stable_privacy=True):
        """The kernel's own client."""
        settings = {"accept_ra": 1, "autoconf": 1, "use_tempaddr": 2 if temporary else 0}
        if stable_privacy:
            # Writing the secret selects stable privacy addresses, RFC 7217.
            settings["stable_secret"] = f"2001:db8:{os.getpid() & 0xFFFF:x}:{int(self.link.strip('abcdefghijklmnopqrstuvwxyz') or 0):x}::1"
        self.namespace.sysctl(**{f"net__ipv6__conf__{NIC}__{name}": value for name, value in settings.items()})
        self.up()

    def up(self):
        self.namespace.ip(f"link set {NIC} up")
