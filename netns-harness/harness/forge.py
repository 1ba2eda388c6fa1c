"""Messages that only servers and routers may send, for a guest that sends them all the same. Bytes only."""

import struct

from . import dhcp6, frames
from .router import IPV4, LINK_LOCAL
from .router import MAC as ROUTER_MAC
from .parents import SHARED_MAC

# kernel-facts B.1: source and destination MAC, by what the kernel makes of them.
WAYS = {
    "looped": (SHARED_MAC, SHARED_MAC),
    "looped-broadcast": (frames.BROADCAST_MAC, frames.BROADCAST_MAC),
    "looped-multicast": ("33:33:00:00:00:01", "33:33:00:00:00:01"),
    "as-the-router": (ROUTER_MAC, SHARED_MAC),
    "as-the-router-broadcast": (ROUTER_MAC, frames.BROADCAST_MAC),
}
BROADCAST_IPV4 = "255.255.255.255"
FROM_THE_ROUTER = (ROUTER_MAC, frames.BROADCAST_MAC)
LEASE = 3600


def reply4(kind, xid, address, macs, source=IPV4, destination=BROADCAST_IPV4, client_id=None, client_address="0.0.0.0"):
    """An OFFER, ACK or NAK, whose server is the router."""
    payload = bytearray(frames.dhcp_payload(SHARED_MAC, kind, xid, client_id, server=IPV4, op=2, client_address=client_address))
    payload[16:20] = frames.ip_bytes(address)
    lease = struct.pack("!BBI", frames.OPTION_LEASE, 4, LEASE) if kind != frames.NAK else b""
    payload = bytes(payload[:240]) + lease + bytes(payload[240:])
    datagram = frames.udp(source, destination, 67, 68, payload)
    return frames.ethernet(*macs, frames.ETH_IPV4, frames.ipv4(source, destination, 17, datagram))


def reply6(client, address, macs, source=LINK_LOCAL, destination=None, lifetime=LEASE):
    """A Reply to the last message of `client`, with `address` for its first association."""
    iaid = next(iter(client.leases))
    inside = dhcp6.option(dhcp6.IA_NA, struct.pack("!III", iaid, 0, 0) + dhcp6.granted(address, lifetime, lifetime))
    words = dhcp6.option(dhcp6.CLIENT_ID, client.duid) + dhcp6.option(dhcp6.SERVER_ID, client.server)
    payload = dhcp6.client_message(dhcp6.REPLY, client.xid, words + inside)
    return dhcp6.server_frame(*macs, source, destination or client.link_local, payload)


def with_macs(frame, macs):
    """A frame that was recorded, sent another way."""
    source, destination = macs
    return frames.mac_bytes(destination) + frames.mac_bytes(source) + frame[12:]


def tagged(frame, vlan, protocol=0x8100):
    return frame[:12] + struct.pack("!HH", protocol, vlan) + frame[12:]


def _ipv4_header(header, **fields):
    """Of `fields` the values; the checksum is made anew."""
    words = bytearray(header)
    words[0] = 0x40 | len(words) // 4
    words[2:4] = struct.pack("!H", fields["total_length"])
    words[6:8] = struct.pack("!H", fields.get("fragment", 0))
    words[10:12] = b"\0\0"
    words[10:12] = struct.pack("!H", frames.checksum(bytes(words)))
    return bytes(words)


def with_ip_options(frame):
    """Four of them: each says "no operation"."""
    packet = frame[14:]
    return frame[:14] + _ipv4_header(packet[:20] + b"\1" * 4, total_length=len(packet) + 4) + packet[20:]


def as_first_fragment(frame):
    """It says that more follow, though nothing is missing but the padding."""
    packet = frame[14:]
    return frame[:14] + _ipv4_header(packet[:20], total_length=len(packet), fragment=0x2000) + packet[20:]
