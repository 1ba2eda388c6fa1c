#!/usr/bin/python3
"""The demo's world: unmodified guests on ipvtap slaves, and what l3sync does for them."""

import argparse
import pathlib
import re
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import rtnetlink  # noqa: E402
from harness.router import IPV4, IPV6_PREFIX  # noqa: E402
from harness.topology import SHARED_MAC, World  # noqa: E402

SECONDS = 90
INTRODUCTION = f"""
  router ── h0 ─┬─ t0 ── guest 1   dhclient
  dnsmasq  host ├─ t1 ── guest 2   busybox udhcpc
                ├─ t2 ── guest 3   kernel SLAAC, stable-privacy (RFC 7217)
                └─ t3 ── guest 4   kernel SLAAC, stable-privacy and temporary (RFC 8981)

  t0 to t3 are ipvtap devices: all guests share h0's MAC address {SHARED_MAC}, and the
  kernel forwards to a guest only what is for an address that its device has.
  Nobody tells the host these addresses: l3sync learns them by watching.
"""
GUESTS = (
    # name, slave, client, addresses it must have
    ("guest 1", "t0", "dhclient", 1),
    ("guest 2", "t1", "udhcpc", 1),
    ("guest 3", "t2", "SLAAC, stable-privacy", 1),
    ("guest 4", "t3", "SLAAC, + temporary", 2),
)
# What guests ask and servers answer, as their own logs say it.
CLIENT_LINES = re.compile(r"DHCP(DISCOVER|OFFER|REQUEST|ACK|NAK)|bound to|sending (discover|select)|lease of|broadcasting")
ROUTER_LINES = re.compile(r"(DHCP[A-Z]+)\(r0\) (\d+\.\d+\.\d+\.\d+)?|(RTR-ADVERT)\(r0\) (\S+)")


class Screen:
    """Lines of several programs, each with its name and the time since the start."""

    def __init__(self):
        self._start = time.monotonic()
        self._lock = threading.Lock()
        self._ended = False

    def line(self, who, text):
        with self._lock:
            if not self._ended:
                print(f"{time.monotonic() - self._start:5.1f}s  {who:8} │ {text}", flush=True)

    def gap(self):
        with self._lock:
            print(flush=True)

    def end(self):
        """What comes later is nobody's business: the table stands."""
        self.gap()
        self._ended = True

    def follow(self, process, who, pick=lambda line: line, since_now=False):
        def print_line(line):
            picked = pick(line)
            if picked:
                self.line(who, picked)

        process.follow(print_line, since_now)


def client_line(line):
    return line if CLIENT_LINES.search(line) else None


def router_line(line):
    found = ROUTER_LINES.search(line)
    return " ".join(filter(None, found.groups())) if found else None


def without_time(line):
    """l3sync's text log without what the screen says already."""
    return re.sub(r"^\S*\d\d:\d\d:\d\d\S*\s+", "", line)


def start_guests(world, screen):
    """One after the other, as machines are switched on."""
    guests = {}
    for name, slave, client, count in GUESTS:
        screen.gap()
        guest = guests[slave] = world.namespace_guest(slave)
        if not client.startswith("SLAAC"):
            # Or its kernel would ask for the EUI-64 of the shared MAC, and be refused.
            guest.namespace.sysctl(net__ipv6__conf__eth0__disable_ipv6=1)
        if client == "dhclient":
            process = guest.start_dhclient()
            screen.follow(process, name, client_line)
            process.wait_line("bound to", SECONDS)
        elif client == "udhcpc":
            screen.follow(guest.start_udhcpc(), name, client_line)
        else:
            screen.line(name, "its kernel looks for a router")
            guest.start_slaac(temporary="temporary" in client)
        if client.startswith("SLAAC"):
            screen.line(name, "made " + ", ".join(guest.wait_ipv6(count, SECONDS)))
        else:
            screen.line(name, f"configured {guest.wait_ipv4(SECONDS)}")
    return guests


def report(world, guests):
    """Prints the table. Returns what is wrong, one line each."""
    wrong, rows = [], []
    for name, slave, client, wanted in GUESTS:
        guest = guests[slave]
        own = guest.ipv6() if client.startswith("SLAAC") else guest.ipv4()
        if len(own) < wanted:
            wrong.append(f"{name} has {len(own)} of {wanted} addresses")
        for address in own:
            try:
                world.kernel.wait_address(slave, address, timeout=10)
                on_slave = "yes"
            except rtnetlink.Timeout:
                on_slave = "no"
            ping = "answers" if world.router.pings(address) else "silent"
            if on_slave == "no" or ping == "silent":
                wrong.append(f"{name} is not reached at {address}")
            rows.append((name, slave, client, address, on_slave, ping))
    heads = ("guest", "slave", "client", "address", "on slave", "ping from router")
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    for row in (heads, tuple("─" * width for width in widths), *rows):
        print("  " + "  ".join(word.ljust(width) for word, width in zip(row, widths)).rstrip())
    print(flush=True)
    return wrong, [row[3] for row in rows]


def demo(world):
    print(INTRODUCTION, flush=True)
    screen = Screen()
    world.add_slaves(*(slave for _, slave, _, _ in GUESTS))
    world.router.start_dnsmasq(ra=True)
    screen.line("router", f"dnsmasq leases addresses of {IPV4}/24 and advertises {IPV6_PREFIX}/64")
    l3sync = world.start_l3sync(log_format="text", wait_ready=False)
    screen.follow(l3sync, "l3sync", without_time)
    l3sync.wait_line(r"\bready\b", SECONDS)
    # Until here it answered the host's own kernel, which asks on each slave.
    screen.follow(world.router.dnsmasq, "router", router_line, since_now=True)
    guests = start_guests(world, screen)
    screen.end()
    wrong, addresses = report(world, guests)
    routes = " ".join(world.kernel.routes("all")).split()
    wrong += [f"the host has a route to {address}" for address in addresses if address in routes]
    if not l3sync.alive():
        wrong.append("l3sync ended")
    if wrong:
        print("FAILED: " + "; ".join(wrong))
        return 1
    print(f"All {len(GUESTS)} guests have what they asked for: {len(addresses)} addresses, each learned by l3sync, put on its guest's own\n"
          "slave, and reached by the router. The host has no route to any of them.")
    return 0


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = World(pathlib.Path(folder), sysctls="default")
        try:
            return demo(world)
        except rtnetlink.Timeout as error:
            print(f"\nFAILED: {error}")
            for name, text in world.logs():
                print(f"\n── {name}\n{text}")
            return 1
        finally:
            world.close()


if __name__ == "__main__":
    sys.exit(main())
