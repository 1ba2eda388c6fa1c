"""Frames as guests send and receive them. Bytes only: no sockets here."""

import collections
import ipaddress
import struct

BROADCAST_MAC = "ff:ff:ff:ff:ff:ff"
ETH_IPV4, ETH_ARP, ETH_IPV6 = 0x0800, 0x0806, 0x86DD
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
OPTION_REQUESTED, OPTION_LEASE, OPTION_TYPE, OPTION_SERVER, OPTION_CLIENT_ID = 50, 51, 53, 54, 61
ECHO6, RS, RA, NS, NA = 128, 133, 134, 135, 136

Dhcp = collections.namedtuple(
    "Dhcp", "type xid client_address your_address server lease source destination "
            "source_mac destination_mac checksum_ok options")


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def mac_text(data):
    return data.hex(":")


def ip_bytes(text):
    return ipaddress.ip_address(text).packed


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _pseudo_header(source, destination, protocol, length):
    if len(source) == 4:
        return source + destination + struct.pack("!BBH", 0, protocol, length)
    return source + destination + struct.pack("!IHBB", length, 0, 0, protocol)


def ethernet(source, destination, kind, payload):
    return mac_bytes(destination) + mac_bytes(source) + struct.pack("!H", kind) + payload


def ipv4(source, destination, protocol, payload):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0,
                         ip_bytes(source), ip_bytes(destination))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def ipv6(source, destination, next_header, payload, hop_limit=255):
    return struct.pack("!IHBB", 6 << 28, len(payload), next_header, hop_limit) + ip_bytes(source) + ip_bytes(destination) + payload


def udp(source, destination, source_port, destination_port, payload):
    length = 8 + len(payload)
    header = struct.pack("!HHHH", source_port, destination_port, length, 0)
    pseudo = _pseudo_header(ip_bytes(source), ip_bytes(destination), 17, length)
    return header[:6] + struct.pack("!H", checksum(pseudo + header + payload) or 0xFFFF) + payload


def icmp6(source, destination, kind, body):
    message = struct.pack("!BBH", kind, 0, 0) + body
    total = checksum(_pseudo_header(ip_bytes(source), ip_bytes(destination), 58, len(message)) + message)
    return message[:2] + struct.pack("!H", total) + message[4:]


def dhcp_payload(mac, kind, xid, client_id, broadcast=False, client_address="0.0.0.0",
                 requested=None, server=None, op=1):
    options = bytes([OPTION_TYPE, 1, kind])
    if client_id:
        options += bytes([OPTION_CLIENT_ID, len(client_id)]) + client_id
    if requested:
        options += bytes([OPTION_REQUESTED, 4]) + ip_bytes(requested)
    if server:
        options += bytes([OPTION_SERVER, 4]) + ip_bytes(server)
    fixed = struct.pack("!BBBBIHH4s4s4s4s16s64s128s4s", op, 1, 6, 0, xid, 0, 0x8000 if broadcast else 0,
                        ip_bytes(client_address), bytes(4), bytes(4), bytes(4), mac_bytes(mac),
                        b"", b"", bytes.fromhex("63825363"))
    return (fixed + options + b"\xff").ljust(300, b"\0")


def dhcp_frame(mac, payload, source="0.0.0.0", destination="255.255.255.255", destination_mac=BROADCAST_MAC):
    datagram = udp(source, destination, 68, 67, payload)
    return ethernet(mac, destination_mac, ETH_IPV4, ipv4(source, destination, 17, datagram))


def parse_dhcp(frame, ports=(67, 68)):
    """A server's message, or a client's with ports=(68, 67); or None."""
    if len(frame) < 14 + 20 + 8 + 240 or frame[12:14] != b"\x08\x00" or frame[23] != 17:
        return None
    header = (frame[14] & 15) * 4
    source, destination = frame[26:30], frame[30:34]
    datagram = frame[14 + header : 14 + struct.unpack_from("!H", frame, 16)[0]]
    if struct.unpack_from("!HH", datagram) != ports:
        return None
    payload = datagram[8:]
    options, at = {}, 240
    while at < len(payload) and payload[at] != 255:
        if payload[at] == 0:
            at += 1
            continue
        length = payload[at + 1]
        options[payload[at]] = payload[at + 2 : at + 2 + length]
        at += 2 + length
    if OPTION_TYPE not in options:
        return None
    text = lambda data: str(ipaddress.ip_address(data))
    whole = _pseudo_header(source, destination, 17, len(datagram)) + datagram
    return Dhcp(
        type=options[OPTION_TYPE][0], xid=struct.unpack_from("!I", payload, 4)[0],
        client_address=text(payload[12:16]), your_address=text(payload[16:20]),
        server=text(options[OPTION_SERVER]) if OPTION_SERVER in options else None,
        lease=struct.unpack("!I", options[OPTION_LEASE])[0] if OPTION_LEASE in options else None,
        source=text(source), destination=text(destination),
        source_mac=mac_text(frame[6:12]), destination_mac=mac_text(frame[:6]),
        checksum_ok=datagram[6:8] == b"\0\0" or checksum(whole) == 0, options=options,
    )


def solicited_node(address):
    return str(ipaddress.ip_address(bytes.fromhex("ff02" + "00" * 9 + "01ff") + ip_bytes(address)[-3:]))


def multicast_mac(address):
    return "33:33:" + mac_text(ip_bytes(address)[-4:])


def _nd_frame(mac, source, destination, kind, body, destination_mac=None):
    message = icmp6(source, destination, kind, body)
    return ethernet(mac, destination_mac or multicast_mac(destination), ETH_IPV6, ipv6(source, destination, 58, message))


def router_solicitation(mac, source="::"):
    option = b"" if source == "::" else b"\1\1" + mac_bytes(mac)
    return _nd_frame(mac, source, "ff02::2", RS, bytes(4) + option)


def dad_solicitation(mac, target, nonce=b""):
    """`nonce`: 6 bytes, or none (RFC 7527)."""
    option = b"\x0e\1" + nonce if nonce else b""
    return _nd_frame(mac, "::", solicited_node(target), NS, bytes(4) + ip_bytes(target) + option)


def neighbour_solicitation(mac, source, target):
    """Who has `target`? Tell `source`."""
    return _nd_frame(mac, source, solicited_node(target), NS, bytes(4) + ip_bytes(target) + b"\1\1" + mac_bytes(mac))


def neighbour_advertisement(mac, target, destination="ff02::1", destination_mac=None, solicited=False):
    flags = 0x20000000 | (0x40000000 if solicited else 0)
    body = struct.pack("!I", flags) + ip_bytes(target) + b"\2\1" + mac_bytes(mac)
    return _nd_frame(mac, target, destination, NA, body, destination_mac)


def prefix_information(prefix, valid, preferred):
    """On-link and autonomous."""
    return struct.pack("!BBBBIII", 3, 4, 64, 0xC0, valid, preferred, 0) + ip_bytes(prefix)


def router_advertisement(mac, source, prefix, destination="ff02::1", destination_mac=None, valid=1800, preferred=None,
                         router_lifetime=1800, hop_limit=255, fragmented=False, more=b""):
    """`more`: further options. `fragmented`: one fragment, which holds it all."""
    body = struct.pack("!BBHII", 64, 0, router_lifetime, 0, 0) + b"\1\1" + mac_bytes(mac)
    body += prefix_information(prefix, valid, valid if preferred is None else preferred) + more
    message = icmp6(source, destination, RA, body)
    if fragmented:
        packet = ipv6(source, destination, 44, struct.pack("!BBHI", 58, 0, 0, 1) + message, hop_limit)
    else:
        packet = ipv6(source, destination, 58, message, hop_limit)
    return ethernet(mac, destination_mac or multicast_mac(destination), ETH_IPV6, packet)


Icmp6 = collections.namedtuple("Icmp6", "type source destination target")


def parse_icmp6(frame):
    """Without extension headers, or None."""
    if len(frame) < 14 + 40 + 4 or frame[12:14] != b"\x86\xdd" or frame[20] != 58:
        return None
    text = lambda data: str(ipaddress.ip_address(data))
    target = text(frame[62:78]) if frame[54] in (NS, NA) and len(frame) >= 78 else None
    return Icmp6(frame[54], text(frame[22:38]), text(frame[38:54]), target)


def arp(mac, operation, sender, target, target_mac="00:00:00:00:00:00", destination_mac=BROADCAST_MAC, frame_mac=None):
    """`frame_mac`: the frame's source, where it is not the sender's."""
    body = struct.pack("!HHBBH", 1, ETH_IPV4, 6, 4, operation) + mac_bytes(mac) + ip_bytes(sender)
    return ethernet(frame_mac or mac, destination_mac, ETH_ARP, body + mac_bytes(target_mac) + ip_bytes(target))


Arp = collections.namedtuple("Arp", "operation sender_mac sender target")


def parse_arp(frame):
    if len(frame) < 42 or frame[12:14] != b"\x08\x06":
        return None
    text = lambda data: str(ipaddress.ip_address(data))
    return Arp(struct.unpack_from("!H", frame, 20)[0], mac_text(frame[22:28]), text(frame[28:32]), text(frame[38:42]))


def echo_reply(frame, own):
    """The answer of a guest that has the addresses `own`, or None."""
    if frame[12:14] == b"\x08\x00" and frame[14] == 0x45 and frame[23] == 1 and frame[34] == 8:
        source, destination = frame[26:30], frame[30:34]
        message = b"\0\0\0\0" + frame[38 : 14 + struct.unpack_from("!H", frame, 16)[0]]
        message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
        build = lambda us, them: (ETH_IPV4, ipv4(us, them, 1, message))
    elif frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] == ECHO6:
        source, destination = frame[22:38], frame[38:54]
        body = frame[58 : 54 + struct.unpack_from("!H", frame, 18)[0]]
        build = lambda us, them: (ETH_IPV6, ipv6(us, them, 58, icmp6(us, them, ECHO6 + 1, body)))
    else:
        return None
    us, them = (str(ipaddress.ip_address(a)) for a in (destination, source))
    return ethernet(mac_text(frame[:6]), mac_text(frame[6:12]), *build(us, them)) if us in own else None
