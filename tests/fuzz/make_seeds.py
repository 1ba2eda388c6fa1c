#!/usr/bin/env python3
"""Makes seeds for the fuzz targets: of the hand-made frames, whole and the message in each, and of rtnetlink.

usage: make_seeds.py FRAMES_DIR SEEDS_DIR
"""

import pathlib
import re
import struct
import sys

IPV4, ARP, IPV6 = b"\x08\x00", b"\x08\x06", b"\x86\xdd"
UDP, ICMP6 = 17, 58


def bytes_of(path):
    """The format is that of tests/wire/frame_file.h."""
    lines = [line.split("#")[0] for line in path.read_text().splitlines()]
    return bytes.fromhex("".join(line for line in lines if not line.startswith("!")))


def message_of(frame):
    """The target and what it reads of this frame; nothing of one that has no such message."""
    ether_type, packet = frame[12:14], frame[14:]
    if ether_type == ARP:
        return "arp", packet
    if ether_type == IPV4 and len(packet) > 20 and packet[9] == UDP:
        return "dhcp4", packet[(packet[0] & 15) * 4 + 8:]
    if ether_type == IPV6 and len(packet) > 40 and packet[6] == UDP:
        return "dhcp6", packet[48:]
    if ether_type == IPV6 and len(packet) > 40 and packet[6] == ICMP6:
        return "nd", packet[40:]
    return None


def steps_with(frame):
    """fuzz_state: in a world of either kind each interface says the frame (SayBytes())."""
    length = len(frame).to_bytes(2, "big")
    says = b"".join(bytes((0, interface, 1)) + length + frame for interface in (0, 3))
    return b"\x00" + says, b"\x03" + says


def attribute(kind, value):
    return struct.pack("=HH", len(value) + 4, kind) + value + bytes(-len(value) % 4)


def message(kind, flags, payload):
    return struct.pack("=IHHII", 16 + len(payload), kind, flags, 1, 0) + payload


MULTI = 2
NEWLINK, DELLINK, NEWADDR, NEWROUTE, NEWNEIGH, ERROR, DONE = 16, 17, 20, 24, 28, 2, 3


def link(kind, flags, ifindex, name, driver=None, parent=2, is_up=True):
    """A RTM_NEWLINK or RTM_DELLINK (linux/if_link.h); with a driver a slave of the parent."""
    payload = struct.pack("=BBHiII", 0, 0, 1, ifindex, int(is_up), 0)
    payload += attribute(3, name.encode() + b"\0") + attribute(1, b"\2\0\0\0\0\1")
    if driver:
        port = attribute(1, struct.pack("=H", 0)) + attribute(2, struct.pack("=H", 0))
        payload += attribute(5, struct.pack("=i", parent))
        payload += attribute(18, attribute(1, driver.encode() + b"\0") + attribute(2, port))
    return message(kind, flags, payload)


def rtnetlink():
    """Datagrams of a dump with notifications in it, of notifications alone, and of what else is dumped."""
    slaves = [link(NEWLINK, MULTI, 5 + i, f"guest{i}", "ipvtap") for i in range(3)]
    parent = link(NEWLINK, MULTI, 2, "eth0")
    host = link(NEWLINK, MULTI, 9, "host", "ipvlan")
    done = message(DONE, MULTI, bytes(4))
    gone = link(DELLINK, 0, 5, "guest0", "ipvtap")
    renamed = link(NEWLINK, 0, 6, "other", "ipvtap", is_up=False)
    ip4 = bytes((192, 0, 2, 10))
    address = message(NEWADDR, MULTI, struct.pack("=BBBBi", 2, 32, 0, 0, 5) + attribute(1, ip4) + attribute(2, ip4)
                      + attribute(6, struct.pack("=IIII", 60, 120, 0, 0)) + attribute(11, b"\x4c"))
    hops = struct.pack("=HBBi", 16, 0, 0, 2) + attribute(5, ip4)
    route = struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 254, 3, 0, 1, 0)
    return {
        "dump": parent + slaves[0] + gone + slaves[1] + slaves[2] + host + done + slaves[0],
        "two_dumps": parent + b"".join(slaves) + done + parent + slaves[1] + done,
        "notifications": link(NEWLINK, 0, 5, "guest0", "ipvtap") + renamed + gone + renamed,
        "addresses": address + done,
        "routes": message(NEWROUTE, MULTI, route + attribute(9, hops + hops)) + message(
            NEWROUTE, MULTI, route + attribute(5, ip4) + attribute(4, struct.pack("=i", 2))) + done,
        "neighbours": message(NEWNEIGH, MULTI, struct.pack("=BBHiHBB", 2, 0, 0, 2, 2, 0, 1) + attribute(1, ip4)
                              + attribute(2, b"\2\0\0\0\0\1")) + done,
        "refusal": message(ERROR, 0, struct.pack("=i", -19) + bytes(16)),
    }


def main(frames, seeds):
    def write(target, name, content):
        folder = seeds / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    for path in sorted(frames.glob("*.hex")):
        frame = bytes_of(path)
        write("frame", path.stem, frame)
        if inner := message_of(frame):
            write(inner[0], path.stem, inner[1])
        if re.match("ok_", path.stem) and len(frame) < 500:
            for kind, steps in enumerate(steps_with(frame)):
                write("state", f"{path.stem}-{kind}", steps)
    for name, datagram in rtnetlink().items():
        write("netlink", name, datagram)


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:]))
