#!/usr/bin/env python3
"""Makes seeds for the fuzz targets of the hand-made frames: the whole frame, and the message in it.

usage: frames_to_seeds.py FRAMES_DIR SEEDS_DIR
"""

import pathlib
import re
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


def main(frames, seeds):
    def write(target, name, content):
        folder = seeds / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    for path in sorted(frames.glob("*.hex")):
        frame = bytes_of(path)
        write("frame", path.stem, frame)
        if message := message_of(frame):
            write(message[0], path.stem, message[1])
        if re.match("ok_", path.stem) and len(frame) < 500:
            for kind, steps in enumerate(steps_with(frame)):
                write("state", f"{path.stem}-{kind}", steps)


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:]))
