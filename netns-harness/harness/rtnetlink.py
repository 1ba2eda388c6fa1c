"""What the kernel says about addresses and routes, read without l3sync's code.

`ip` of Debian 12 does not show IFA_PROTO, hence our own reader.
"""

import collections
import ipaddress
import select
import socket
import struct
import time

RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_DUMP = 0x1, 0x300
IFA_ADDRESS, IFA_LOCAL, IFA_CACHEINFO, IFA_FLAGS, IFA_PROTO = 1, 2, 6, 8, 11
# RTMGRP_LINK, IPV4_IFADDR, IPV4_ROUTE, IPV6_IFADDR, IPV6_ROUTE
ALL_GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
ADDRESS_GROUPS = 0x10 | 0x100

IFA_F_NODAD, IFA_F_DEPRECATED, IFA_F_TENTATIVE = 0x02, 0x20, 0x40
IFA_F_PERMANENT, IFA_F_NOPREFIXROUTE = 0x80, 0x200
SCOPE_GLOBAL, SCOPE_LINK, SCOPE_HOST = 0, 253, 254
FOREVER = 0xFFFFFFFF
# IFAPROT_KERNEL_LO, _RA and _LL: what the kernel made itself, since 5.18.
KERNEL_PROTOS = (1, 2, 3)

Address = collections.namedtuple("Address", "link address prefixlen scope flags proto valid preferred")
Change = collections.namedtuple("Change", "added address")


def _messages(data):
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        if length < 16:
            return
        yield kind, data[16:length]
        data = data[(length + 3) & ~3 :]


def _attributes(data):
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            return
        yield kind & 0x3FFF, data[4:length]
        data = data[(length + 3) & ~3 :]


def _address(body, link_names):
    family, prefixlen, flags, scope, ifindex = struct.unpack_from("=BBBBI", body)
    found = dict(_attributes(body[8:]))
    if IFA_FLAGS in found:
        (flags,) = struct.unpack("=I", found[IFA_FLAGS])
    preferred = valid = FOREVER
    if IFA_CACHEINFO in found:
        preferred, valid = struct.unpack_from("=II", found[IFA_CACHEINFO])
    return Address(
        link=link_names.get(ifindex, f"if{ifindex}"),
        address=str(ipaddress.ip_address(found.get(IFA_LOCAL, found.get(IFA_ADDRESS)))),
        prefixlen=prefixlen, scope=scope, flags=flags,
        proto=found.get(IFA_PROTO, b"\0")[0], valid=valid, preferred=preferred,
    )


class Timeout(AssertionError):
    """What was waited for did not come."""


def until_answered(ask, wait, seconds=4):
    """Asks again, as clients do, until wait(timeout=) returns something. What is lost may be the kernel's to lose."""
    for _ in range(30):
        ask()
        try:
            return wait(timeout=seconds)
        except Timeout as timeout:
            last = timeout
    raise last


class Kernel:
    """Addresses and routes of one namespace."""

    def __init__(self, namespace):
        self.namespace = namespace

    def _socket(self, groups):
        with self.namespace.inside():
            opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
            opened.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE
            opened.bind((0, groups))
        return opened

    def _link_names(self):
        with self.namespace.inside():
            return dict(socket.if_nameindex())

    def addresses(self, link=None):
        """Of IPv4 and IPv6, `link`'s or all."""
        names = self._link_names()
        found = []
        with self._socket(0) as request:
            request.send(struct.pack("=IHHIIBxxxI", 24, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0, 0, 0))
            while True:
                for kind, body in _messages(request.recv(1 << 20)):
                    if kind == RTM_NEWADDR:
                        found.append(_address(body, names))
                    elif kind == NLMSG_DONE:
                        return [a for a in found if link in (None, a.link)]
                    elif kind == NLMSG_ERROR:
                        raise OSError("address dump refused")

    def address(self, link, address):
        """None when it is not there."""
        for found in self.addresses(link):
            if found.address == address:
                return found
        return None

    def learned(self, link):
        """A slave's addresses as strings, but for those that the kernel gave it by itself."""
        return sorted(a.address for a in self.addresses(link) if a.proto not in KERNEL_PROTOS)

    def routes(self, table="main"):
        """As `ip` prints them, for people to compare; without what counts down, and without
        the kernel's own prefix routes of link-locals, which come when they like.
        """
        lines = []
        for family in ("-4", "-6"):
            out = self.namespace.run("ip", family, "route", "show", "table", table, check=False)
            for line in out.splitlines():
                words = line.split()
                if words[0] == "fe80::/64":
                    continue
                if "expires" in words:
                    at = words.index("expires")
                    del words[at : at + 2]
                lines.append(" ".join(words))
        return sorted(lines)

    def local_route(self, address):
        return [line for line in self.routes("local") if line.split()[1:2] == [address]]

    def wait(self, condition, timeout, what, groups=ALL_GROUPS):
        """Returns condition()'s first true value; looks again at each change in the kernel."""
        deadline = time.monotonic() + timeout
        with self._socket(groups) as changes:
            while True:
                value = condition()
                if value:
                    return value
                rest = deadline - time.monotonic()
                if rest <= 0 or not select.select([changes], [], [], rest)[0]:
                    raise Timeout(f"[{self.namespace}] {what}: not within {timeout} s; addresses now: "
                                  + ", ".join(f"{a.link} {a.address}/{a.prefixlen}" for a in self.addresses()))
                changes.recv(1 << 20)

    def wait_address(self, link, address, timeout=30):
        return self.wait(lambda: self.address(link, address), timeout, f"{address} on {link}", ADDRESS_GROUPS)

    def wait_gone(self, link, address, timeout=30):
        self.wait(lambda: not self.address(link, address), timeout, f"{address} gone from {link}", ADDRESS_GROUPS)

    def wait_no_local_route(self, address, timeout=30):
        self.wait(lambda: not self.local_route(address), timeout, f"no local route to {address}")

    def watch_addresses(self):
        return AddressWatch(self)


class AddressWatch:
    """Every change of an address from now on."""

    def __init__(self, kernel):
        self._names = kernel._link_names()
        self._socket = kernel._socket(ADDRESS_GROUPS)
        self._changes = []

    def changes(self):
        while select.select([self._socket], [], [], 0)[0]:
            for kind, body in _messages(self._socket.recv(1 << 20)):
                if kind in (RTM_NEWADDR, RTM_DELADDR):
                    self._changes.append(Change(kind == RTM_NEWADDR, _address(body, self._names)))
        return list(self._changes)

    def ever_on(self, link):
        return {c.address.address for c in self.changes() if c.added and c.address.link == link}

    def close(self):
        self._socket.close()
