"""DHCPv6 (RFC 8415): its messages as bytes, and a client that sends each one when it is called."""

import collections
import ipaddress
import os
import struct

from . import frames

SOLICIT, ADVERTISE, REQUEST, CONFIRM, RENEW, REBIND, REPLY, RELEASE, DECLINE = range(1, 10)
CLIENT_ID, SERVER_ID, IA_NA, IA_TA, IA_ADDRESS, ELAPSED, STATUS, RAPID_COMMIT, IA_PD = 1, 2, 3, 4, 5, 8, 13, 14, 25
SUCCESS, NO_ADDRESSES, NO_BINDING, NOT_ON_LINK = 0, 2, 3, 4
CLIENT_PORT, SERVER_PORT = 546, 547
ALL_SERVERS = "ff02::1:2"

# `addresses`: address → (preferred, valid). `status`: of the association, 0 if absent.
Association = collections.namedtuple("Association", "kind iaid t1 t2 addresses status")
Message = collections.namedtuple(
    "Message", "type xid client server status rapid_commit associations source destination source_mac checksum_ok")


def option(code, value=b""):
    return struct.pack("!HH", code, len(value)) + value


def duid(text):
    """DUID-UUID-like: opaque to all."""
    return b"\0\4" + text.encode().ljust(16, b"\0")[:16]


def ia_na(iaid, addresses=(), kind=IA_NA):
    inside = b"".join(option(IA_ADDRESS, frames.ip_bytes(address) + bytes(8)) for address in addresses)
    return option(kind, struct.pack("!I", iaid) + (b"" if kind == IA_TA else bytes(8)) + inside)


def client_message(kind, xid, options):
    return bytes([kind]) + xid.to_bytes(3, "big") + options


def client_frame(mac, source, payload):
    datagram = frames.udp(source, ALL_SERVERS, CLIENT_PORT, SERVER_PORT, payload)
    return frames.ethernet(mac, frames.multicast_mac(ALL_SERVERS), frames.ETH_IPV6,
                           frames.ipv6(source, ALL_SERVERS, 17, datagram, hop_limit=1))


def server_frame(source_mac, destination_mac, source, destination, payload):
    datagram = frames.udp(source, destination, SERVER_PORT, CLIENT_PORT, payload)
    return frames.ethernet(source_mac, destination_mac, frames.ETH_IPV6, frames.ipv6(source, destination, 17, datagram, hop_limit=64))


def granted(address, preferred, valid):
    """An address in a server's message."""
    return option(IA_ADDRESS, frames.ip_bytes(address) + struct.pack("!II", preferred, valid))


def _options(data):
    while len(data) >= 4:
        code, length = struct.unpack_from("!HH", data)
        yield code, data[4 : 4 + length]
        data = data[4 + length :]


def _status(data):
    return next((struct.unpack_from("!H", value)[0] for code, value in _options(data) if code == STATUS), SUCCESS)


def _association(kind, value):
    iaid, t1, t2 = struct.unpack_from("!III", value) if kind != IA_TA else (*struct.unpack_from("!I", value), 0, 0)
    inside = value[4 if kind == IA_TA else 12 :]
    addresses = {str(ipaddress.ip_address(v[:16])): struct.unpack_from("!II", v, 16)
                 for code, v in _options(inside) if code == IA_ADDRESS}
    return Association(kind, iaid, t1, t2, addresses, _status(inside))


def parse(frame, ports=(SERVER_PORT, CLIENT_PORT)):
    """A server's message, or a client's with ports=(546, 547); or None. Without extension headers and relays."""
    if len(frame) < 14 + 40 + 8 + 4 or frame[12:14] != b"\x86\xdd" or frame[20] != 17:
        return None
    source, destination = frame[22:38], frame[38:54]
    datagram = frame[54 : 54 + struct.unpack_from("!H", frame, 18)[0]]
    if struct.unpack_from("!HH", datagram) != ports:
        return None
    payload = datagram[8:]
    options = dict(_options(payload[4:]))
    whole = source + destination + struct.pack("!IHBB", len(datagram), 0, 0, 17) + datagram
    return Message(
        type=payload[0], xid=int.from_bytes(payload[1:4], "big"),
        client=options.get(CLIENT_ID), server=options.get(SERVER_ID), status=_status(payload[4:]),
        rapid_commit=RAPID_COMMIT in options,
        associations=[_association(code, value) for code, value in _options(payload[4:]) if code in (IA_NA, IA_TA, IA_PD)],
        source=str(ipaddress.ip_address(source)), destination=str(ipaddress.ip_address(destination)),
        source_mac=frames.mac_text(frame[6:12]), checksum_ok=frames.checksum(whole) == 0)


def addresses_of(message):
    return [address for association in message.associations for address in association.addresses]


class Dhcp6Client:
    """Sends from `link_local`, for which the guest answers; `iaids` are its associations."""

    def __init__(self, guest, name, link_local, iaids=(1,), extra=b""):
        """`extra`: options of each of its messages."""
        self.guest, self.duid, self.link_local, self.extra = guest, duid(name), link_local, extra
        self.server, self.xid = None, 0
        # IAID → addresses
        self.leases = {iaid: [] for iaid in iaids}
        guest.own.add(link_local)

    @property
    def address(self):
        return self.addresses[0]

    @property
    def addresses(self):
        return [address for addresses in self.leases.values() for address in addresses]

    def send(self, kind, options=b"", leases=None, server=None, xid=None):
        self.xid = int.from_bytes(os.urandom(3), "big") if xid is None else xid
        leases = self.leases if leases is None else leases
        words = option(CLIENT_ID, self.duid) + (option(SERVER_ID, server) if server else b"") + option(ELAPSED, bytes(2))
        words += b"".join(ia_na(iaid, addresses) for iaid, addresses in leases.items()) + options + self.extra
        self.guest.send(client_frame(self.guest.mac, self.link_local, client_message(kind, self.xid, words)))

    def solicit(self, rapid_commit=False, **options):
        self.send(SOLICIT, option(RAPID_COMMIT) if rapid_commit else b"", leases={iaid: [] for iaid in self.leases}, **options)

    def request(self, **options):
        self.send(REQUEST, server=self.server, **options)

    def renew(self):
        self.send(RENEW, server=self.server)

    def rebind(self):
        self.send(REBIND)

    def confirm(self):
        self.send(CONFIRM)

    def release(self, **options):
        self.send(RELEASE, server=self.server, **options)

    def decline(self, **options):
        self.send(DECLINE, server=self.server, **options)

    def replies(self, kind, xid=None):
        xid = self.xid if xid is None else xid
        return [m for m in self.guest.matching(parse) if m.type == kind and m.xid == xid]

    def wait(self, kind, timeout=30):
        def match(frame):
            message = parse(frame)
            return message if message and message.xid == self.xid and message.type == kind else None

        return self.guest.wait(match, timeout, f"DHCPv6 message {kind} of transaction {self.xid:06x}")

    def _take(self, message):
        """What it grants, the guest has."""
        self.server = message.server
        for association in message.associations:
            if association.kind == IA_NA and association.addresses:
                self.leases[association.iaid] = list(association.addresses)
        return message

    def wait_advertise(self, timeout=30):
        return self._take(self.wait(ADVERTISE, timeout))

    def wait_reply(self, timeout=30):
        reply = self._take(self.wait(REPLY, timeout))
        self.guest.own.update(self.addresses)
        return reply

    def bind(self, timeout=30):
        """Solicit to Reply, each message sent once."""
        self.solicit()
        self.wait_advertise(timeout)
        self.request()
        return self.wait_reply(timeout)
