"""DHCPv6 servers, as those of servers.py, and routers that tell their clients of them."""

import json

from .servers import Server, program

PREFIX, FIRST6, LAST6 = "fd00:50::", "fd00:50::1000", "fd00:50::1fff"


class Dnsmasq6(Server):
    """It is the router too. A renewal is due after half of the lease, of two minutes at least."""
    name = "dnsmasq"
    t1 = 60

    def start(self):
        self.router.start_dnsmasq("--enable-ra", dhcp6=self.lease)
        self.process = self.router.dnsmasq
        return self.process


class Router6(Server):
    """radvd: addresses are to be had by DHCPv6 only."""
    name = "radvd"
    ready = "polling for"

    def command(self):
        config = self.write("radvd.conf", f"""
            interface r0 {{
              AdvSendAdvert on;
              AdvManagedFlag on;
              MinRtrAdvInterval 3;
              MaxRtrAdvInterval 10;
              prefix {PREFIX}/64 {{ AdvOnLink on; AdvAutonomous off; }};
            }};
        """)
        return (program("radvd"), "-n", "-d", "2", "-m", "stderr", "-C", config, "-p", self.folder / "pid")


class Kea6(Server):
    """Beside radvd. `delegates`: it has prefixes to delegate."""
    name = "kea"
    ready = "DHCP6_STARTED"
    delegates = False

    def start(self):
        Router6(self.router, self.folder).start()
        return super().start()

    def config(self):
        subnet = {"id": 1, "subnet": f"{PREFIX}/64", "interface": "r0", "pools": [{"pool": f"{FIRST6} - {LAST6}"}]}
        if self.delegates:
            subnet["pd-pools"] = [{"prefix": "fd00:60::", "prefix-len": 48, "delegated-len": 64}]
        return {"Dhcp6": {
            "interfaces-config": {"interfaces": ["r0"]},
            "lease-database": {"type": "memfile", "persist": False},
            "server-id": {"type": "LL", "persist": False},
            "valid-lifetime": self.lease, "preferred-lifetime": self.lease,
            "renew-timer": self.t1, "rebind-timer": self.lease * 4 // 5,
            "subnet6": [subnet],
            "loggers": [{"name": "kea-dhcp6", "severity": "INFO", "output_options": [{"output": "stdout", "flush": True}]}],
        }}

    def command(self):
        return (program("kea-dhcp6"), "-c", self.write("kea6.json", json.dumps(self.config())))

    def environment(self):
        return {"KEA_PIDFILE_DIR": str(self.folder), "KEA_LOCKFILE_DIR": str(self.folder)}


class DelegatingKea6(Kea6):
    name = "kea-delegating"
    delegates = True


SERVERS6 = {server.name: server for server in (Dnsmasq6, Kea6)}
