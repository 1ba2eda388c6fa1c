"""What h0, the parent, is, and the wire between it and r0, the router's end.

`World(parent="bond")` builds one and keeps it as `world.parent`.
"""

SHARED_MAC = "02:00:00:00:00:99"


class Parent:
    def __init__(self, host, kernel, router, folder):
        """`kernel` is the host's."""
        self.host, self.kernel, self.router, self.folder = host, kernel, router, folder
        # What the host runs for its parent; the router has a list of its own.
        self.processes = []

    def build(self):
        """Afterwards there are h0, with SHARED_MAC, and r0, with the router's MAC."""
        raise NotImplementedError

    def close(self):
        for process in self.processes:
            process.close()

    def _wire(self, here, there, mac=SHARED_MAC, other=""):
        self.host.ip(f"link add {here} address {mac} type veth peer name {there} {other} netns {self.router.namespace}")

    def _bridge(self, *ports):
        """r0, as a router has it that is a switch as well."""
        self.router.namespace.ip(
            f"link add r0 address {self.router.mac} type bridge mcast_snooping 0",
            *(f"link set {port} master r0" for port in ports), *(f"link set {port} up" for port in ports))

    def mac(self, link="h0"):
        return (self.host.sysfs() / "class/net" / link / "address").read_text().strip()

    def wait_carrier(self, up):
        wanted = "1" if up else "0"
        path = self.host.sysfs() / "class/net/h0/carrier"
        self.kernel.wait(lambda: path.read_text().strip() == wanted, 30, f"carrier of h0 is {wanted}")


class Veth(Parent):
    """h0 ── r0"""

    def build(self):
        self._wire("h0", "r0", other=f"address {self.router.mac}")


class Vlan(Parent):
    """h0 is VLAN 5 of e0 ── re0, whose VLAN 5 is r0."""

    def build(self):
        self._wire("e0", "re0", other=f"address {self.router.mac}")
        self.router.namespace.ip("link set re0 up", "link add link re0 name r0 type vlan id 5")
        self.host.ip("link set e0 up", "link add link e0 name h0 type vlan id 5")


class Macvlan(Parent):
    """h0 is a macvlan in mode bridge on e0 ── r0"""

    def build(self):
        self._wire("e0", "r0", mac="02:00:00:00:00:e0", other=f"address {self.router.mac}")
        self.host.ip("link set e0 up", f"link add link e0 name h0 address {SHARED_MAC} type macvlan mode bridge")


class Bond(Parent):
    """h0 is e0 and e1, one of them in use; re0 and re1 are ports of r0."""

    options = ""

    def build(self):
        self._wire("e0", "re0")
        self._wire("e1", "re1", mac=SHARED_MAC[:-2] + "e1")
        self._bridge("re0", "re1")
        # miimon: it looks at its legs each 20 ms; otherwise never.
        self.host.ip(f"link add h0 type bond mode active-backup miimon 20 {self.options}",
                     "link set e0 master h0", "link set e1 master h0", "link set h0 up")
        self._wait_active("e0")

    def _active(self):
        return (self.host.sysfs() / "class/net/h0/bonding/active_slave").read_text().strip()

    def _wait_active(self, leg):
        """With all that follows: the bond and the leg in use have one MAC, whoever's it was."""
        self.kernel.wait(lambda: self._active() == leg and self.mac() == self.mac(leg), 30, f"{leg} is the bond's leg in use")

    def fail_over(self):
        """Somebody pulls the plug of the leg in use."""
        used, other = ("e0", "e1") if self._active() == "e0" else ("e1", "e0")
        self.router.namespace.ip(f"link set r{used} down")
        self._wait_active(other)


class BondOfSeveralMacs(Bond):
    """Its MAC is that of the leg in use."""

    options = "fail_over_mac active"


class Reflecting(Parent):
    """h0 ── re0, a port of r0 that sends back what it gets, as a switch for VEPA does."""

    def build(self):
        self._wire("h0", "re0")
        self._bridge("re0")
        self.router.namespace.ip("link set re0 type bridge_slave hairpin on")


class Macvlan(Parent):
    """h0 is a macvlan of e0 ── r0: it brings back by itself what is sent to its own MAC."""

    def build(self):
        self._wire("e0", "r0", mac=SHARED_MAC[:-2] + "e0", other=f"address {self.router.mac}")
        self.host.ip("link set e0 up", f"link add link e0 name h0 address {SHARED_MAC} type macvlan mode bridge")
