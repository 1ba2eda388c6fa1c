"""Servers, each with its own program and configuration in the router's namespace.

`world.router.start_server(name)`. Those of DHCPv4 lease from one pool, for `lease` seconds, and
want a renewal after `t1`; those of router advertisements announce one prefix, `valid` seconds.
"""

import json
import os
import pathlib
import shutil

NETWORK, FIRST, LAST, ROUTER = "192.168.50", "192.168.50.50", "192.168.50.150", "192.168.50.1"
PREFIX = "fd00:50::"


def program(name):
    """An installed program, or one that netns-harness/server-programs unpacked."""
    unpacked = pathlib.Path(os.environ.get("L3SYNC_SERVER_PROGRAMS", "/nonexistent"))
    for folder in ("usr/sbin", "sbin", "usr/bin"):
        if (unpacked / folder / name).exists():
            return unpacked / folder / name
    found = shutil.which(name)
    if not found:
        raise FileNotFoundError(f"no {name}: run netns-harness/setup and netns-harness/server-programs --fetch")
    return found


class Server:
    name = None
    lease, t1 = 120, 15
    # A line of its log that it serves.
    ready = None

    def __init__(self, router, folder):
        self.router, self.folder = router, folder / self.name
        self.folder.mkdir(exist_ok=True)
        self.process = None

    def start(self):
        self.process = self.router.start_process(self.name, *self.command(), env={**os.environ, **self.environment()})
        self.process.wait_line(self.ready)
        return self.process

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path


class Dnsmasq(Server):
    name = "dnsmasq"

    def start(self):
        self.router.start_dnsmasq(f"--dhcp-option=option:T1,{self.t1}", lease=self.lease)
        self.process = self.router.dnsmasq
        return self.process


class Dhcpd(Server):
    """ISC's."""
    name = "dhcpd"
    ready = "Server starting service"

    def command(self):
        # Otherwise it pings an address for a second before it offers it, and a lease that is renewed
        # early keeps what is left of its time.
        config = self.write("dhcpd.conf", f"""
            authoritative;
            ping-check false;
            dhcp-cache-threshold 0;
            min-lease-time {self.lease};
            default-lease-time {self.lease};
            max-lease-time {self.lease};
            option dhcp-renewal-time {self.t1};
            option routers {ROUTER};
            subnet {NETWORK}.0 netmask 255.255.255.0 {{ range {FIRST} {LAST}; }}
        """)
        leases = self.write("leases", "")
        return (program("dhcpd"), "-4", "-f", "-d", "--no-pid", "-cf", config, "-lf", leases, "r0")


class Kea(Server):
    name = "kea"
    ready = "DHCP4_STARTED"

    def config(self):
        return {"Dhcp4": {
            # Raw, because a client without an address can't be sent to otherwise.
            "interfaces-config": {"interfaces": ["r0"], "dhcp-socket-type": "raw"},
            "lease-database": {"type": "memfile", "persist": False},
            "valid-lifetime": self.lease, "renew-timer": self.t1,
            "subnet4": [{
                "id": 1, "subnet": f"{NETWORK}.0/24", "pools": [{"pool": f"{FIRST} - {LAST}"}],
                "option-data": [{"name": "routers", "data": ROUTER}],
            }],
            "loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "stdout", "flush": True}]}],
        }}

    def command(self):
        return (program("kea-dhcp4"), "-c", self.write("kea.json", json.dumps(self.config())))

    def environment(self):
        return {"KEA_PIDFILE_DIR": str(self.folder), "KEA_LOCKFILE_DIR": str(self.folder)}


class Udhcpd(Server):
    """Busybox's. It knows clients by their MAC: with two guests, the second gets the lease of the first."""
    name = "udhcpd"
    ready = "started"

    def command(self):
        config = self.write("udhcpd.conf", f"""
            start {FIRST}
            end {LAST}
            interface r0
            lease_file {self.folder}/leases
            pidfile {self.folder}/pid
            opt subnet 255.255.255.0
            opt router {ROUTER}
            opt lease {self.lease}
            opt 0x3a {self.t1:08x}
        """)
        self.write("leases", "")
        # -a: otherwise it asks by ARP for 2 s who has an address, before it offers it.
        return ("busybox", "udhcpd", "-f", "-a", "100", config)


class Radvd(Server):
    """It answers a solicitation to its sender alone, as it does by default. `only`: and says nothing else."""
    name = "radvd"
    ready = "polling for"
    valid = 3600
    only = "off"

    def command(self):
        config = self.write("radvd.conf", f"""
            interface r0 {{
              AdvSendAdvert on;
              UnicastOnly {self.only};
              MinRtrAdvInterval 200;
              MaxRtrAdvInterval 600;
              prefix {PREFIX}/64 {{ AdvValidLifetime {self.valid}; AdvPreferredLifetime 1800; }};
            }};
        """)
        return (program("radvd"), "-n", "-d", "2", "-m", "stderr", "-C", config, "-p", self.folder / "pid")


class RadvdUnicast(Radvd):
    name = "radvd-unicast"
    only = "on"


class DnsmasqRa(Server):
    name = "dnsmasq-ra-only"
    valid = 3600

    def start(self):
        self.router.start_dnsmasq(dhcp4=False, ra=True, ra_lifetime=self.valid)


class DnsmasqSlaac(DnsmasqRa):
    """With DHCPv6 beside it."""
    name = "dnsmasq-slaac"

    def start(self):
        self.router.start_dnsmasq(f"--dhcp-range={PREFIX}1:0,{PREFIX}1:ffff,slaac,64,{self.valid}", "--enable-ra", dhcp4=False)


SERVERS = {server.name: server for server in (Dnsmasq, Dhcpd, Kea, Udhcpd)}
RA_SERVERS = {server.name: server for server in (Radvd, RadvdUnicast, DnsmasqRa, DnsmasqSlaac)}
