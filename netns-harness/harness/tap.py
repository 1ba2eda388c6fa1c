"""The guest's side of an ipvtap slave: /dev/tapN, raw, and what is plugged into it."""

import collections
import fcntl
import os
import pathlib
import select
import struct
import tempfile
import threading
import time

from . import frames
from .dhcp6 import Dhcp6Client
from .rtnetlink import Timeout

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000

Received = collections.namedtuple("Received", "frame at")


def open_tap(namespace, link):
    """A descriptor that reads and writes plain Ethernet frames."""
    folder = namespace.sysfs() / "class/net" / link
    numbers = next(iter([*folder.glob("tap*/dev"), *folder.glob("macvtap/tap*/dev")]), None)
    if numbers is None:
        raise OSError(f"{link} in {namespace} has no tap device")
    major, minor = map(int, numbers.read_text().split(":"))
    # A node of our own: in a container, or when another namespace has a slave
    # of the same index, the machine's /dev/tapN is missing or somebody else's.
    with tempfile.TemporaryDirectory(dir="/run") as place:
        node = pathlib.Path(place) / "tap"
        os.mknod(node, 0o600 | 0o020000, os.makedev(major, minor))
        descriptor = os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    # Without the virtio header the kernel finishes checksums and segments.
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH", b"", IFF_TAP | IFF_NO_PI))
    return descriptor


class FrameLog:
    """Frames as they come, read by a thread, and waiting for one of them."""

    def __init__(self, name, descriptor):
        self.name = name
        self._descriptor = descriptor
        self._frames = []
        self._more = threading.Condition()
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._read, daemon=True, name=name)
        self._thread.start()

    def _read(self):
        while True:
            ready, _, _ = select.select([self._descriptor, self._stop_read], [], [])
            if self._stop_read in ready:
                return
            try:
                frame = self.receive()
            except BlockingIOError:
                continue
            except OSError:
                return  # the link was deleted
            if not frame:
                return
            with self._more:
                self._frames.append(Received(frame, time.monotonic()))
                self._more.notify_all()
            self.on_frame(frame)

    def receive(self):
        return os.read(self._descriptor, 65536)

    def on_frame(self, frame):
        """Called in the reader's thread."""

    def frames(self):
        with self._more:
            return [received.frame for received in self._frames]

    def matching(self, match):
        """What `match` made of each frame, but None and False."""
        return [found for found in map(match, self.frames()) if found]

    def wait(self, match, timeout=30, what="a frame"):
        """Returns the first true match(frame), of frames from the beginning on."""
        deadline, seen = time.monotonic() + timeout, 0
        with self._more:
            while True:
                for received in self._frames[seen:]:
                    found = match(received.frame)
                    if found:
                        return found
                seen = len(self._frames)
                rest = deadline - time.monotonic()
                if rest <= 0:
                    raise Timeout(f"{self.name}: {what}: not within {timeout} s; {seen} other frames came")
                self._more.wait(rest)

    def close(self):
        os.write(self._stop_write, b"x")
        self._thread.join(10)
        for descriptor in (self._stop_read, self._stop_write, self._descriptor):
            os.close(descriptor)


class RawGuest(FrameLog):
    """A guest that sends exactly what it is told to, once, and never repeats a message.

    For `own` it answers ARP, neighbour solicitations and pings, as any guest's kernel does.
    """

    def __init__(self, namespace, link, mac, router_mac):
        self.mac, self.own, self.link, self.router_mac = mac, set(), link, router_mac
        super().__init__(f"guest on {link}", open_tap(namespace, link))

    def send(self, frame):
        os.write(self._descriptor, frame)

    def on_frame(self, frame):
        request = frames.parse_arp(frame)
        if request and request.operation == 1 and request.target in self.own:
            self.send(frames.arp(self.mac, 2, request.target, request.sender, request.sender_mac, request.sender_mac))
        echo = frames.echo_reply(frame, self.own)
        if echo:
            self.send(echo)
        solicitation = frames.parse_icmp6(frame)
        if solicitation and solicitation.type == frames.NS and solicitation.target in self.own and solicitation.source != "::":
            self.send(frames.neighbour_advertisement(
                self.mac, solicitation.target, solicitation.source, frames.mac_text(frame[6:12]), solicited=True))

    def client(self, client_id, **options):
        return DhcpClient(self, client_id, **options)

    def client6(self, name, link_local, **options):
        return Dhcp6Client(self, name, link_local, **options)


class DhcpClient:
    """The messages of a DHCPv4 client, each sent when it is called."""

    def __init__(self, guest, client_id, broadcast=False):
        self.guest, self.broadcast = guest, broadcast
        self.client_id = b"\0" + client_id.encode()
        self.xid = 0
        self.address = self.server = None

    def _send(self, kind, destination=None, **options):
        payload = frames.dhcp_payload(self.guest.mac, kind, self.xid, self.client_id, **options)
        if destination:  # unicast, from the address that we have
            self.guest.send(frames.dhcp_frame(self.guest.mac, payload, self.address, destination, self.guest.router_mac))
        else:
            self.guest.send(frames.dhcp_frame(self.guest.mac, payload))

    def discover(self, xid=None):
        self.xid = int.from_bytes(os.urandom(4), "big") if xid is None else xid
        self._send(frames.DISCOVER, broadcast=self.broadcast)

    def request(self):
        """SELECTING: what was offered."""
        self._send(frames.REQUEST, broadcast=self.broadcast, requested=self.address, server=self.server)

    def reboot(self, address):
        """INIT-REBOOT: an address of an earlier life."""
        self.xid = int.from_bytes(os.urandom(4), "big")
        self._send(frames.REQUEST, broadcast=self.broadcast, requested=address)

    def renew(self):
        self.xid = int.from_bytes(os.urandom(4), "big")
        self._send(frames.REQUEST, self.server, client_address=self.address)

    def rebind(self):
        self.xid = int.from_bytes(os.urandom(4), "big")
        self._send(frames.REQUEST, client_address=self.address)

    def release(self):
        self.xid = int.from_bytes(os.urandom(4), "big")
        self._send(frames.RELEASE, self.server, client_address=self.address, server=self.server)
        self.guest.own.discard(self.address)

    def decline(self):
        self._send(frames.DECLINE, requested=self.address, server=self.server)
        self.guest.own.discard(self.address)

    def replies(self, kind, xid=None):
        xid = self.xid if xid is None else xid

        def match(frame):
            message = frames.parse_dhcp(frame)
            return message if message and message.type == kind and message.xid == xid else None

        return self.guest.matching(match)

    def wait(self, kind, timeout=30):
        def match(frame):
            message = frames.parse_dhcp(frame)
            return message if message and message.xid == self.xid and message.type == kind else None

        return self.guest.wait(match, timeout, f"DHCP message {kind} of transaction {self.xid:08x}")

    def wait_offer(self, timeout=30):
        offer = self.wait(frames.OFFER, timeout)
        self.address, self.server = offer.your_address, offer.server
        return offer

    def wait_ack(self, timeout=30):
        ack = self.wait(frames.ACK, timeout)
        self.address, self.server = ack.your_address, ack.server
        self.guest.own.add(self.address)
        return ack

    def bind(self, timeout=30):
        """DISCOVER to ACK, each message sent once."""
        self.discover()
        self.wait_offer(timeout)
        self.request()
        return self.wait_ack(timeout)
