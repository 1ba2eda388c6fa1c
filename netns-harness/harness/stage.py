"""A hostile guest among others, and what must be true after each of its attacks.

    t0  the honest guest: a lease of DHCPv4 and one of DHCPv6, a link-local address, one of SLAAC
    t1  the hostile guest, which writes whatever it likes to its tap
    t2  the bystander, with a lease
"""

from . import frames
from .router import IPV6_PREFIX
from .rtnetlink import KERNEL_PROTOS
from .topology import HOST_IPV4, SHARED_MAC

HONEST, BYSTANDER = "192.168.50.60", "192.168.50.61"
LINK_LOCAL, SLAAC = "fe80::a0", f"{IPV6_PREFIX}a0"
HOUR = 3600


class Stage:
    def __init__(self, world, *server_options):
        """`world` has addresses of the host. `server_options` are dnsmasq's."""
        self.world, self.kernel = world, world.kernel
        self.honest_guest, self.hostile, self.bystander_guest = world.raw_guests("t0", "t1", "t2")
        world.router.start_dnsmasq(f"--dhcp-host=id:honest,{HONEST}", f"--dhcp-host=id:bystander,{BYSTANDER}",
                                   *server_options, dhcp6="1h")
        self.parent = world.sniffer()
        self.l3sync = world.start_l3sync()
        self.honest, self.bystander = self.honest_guest.client("honest"), self.bystander_guest.client("bystander")
        self.honest6 = self.honest_guest.client6("honest", LINK_LOCAL)
        self.honest_guest.send(frames.dad_solicitation(SHARED_MAC, LINK_LOCAL))
        self.kernel.wait_address("t0", LINK_LOCAL)
        world.router.advertise(IPV6_PREFIX, valid=4 * HOUR, preferred=HOUR)
        self.honest_guest.own.add(SLAAC)
        for client in (self.honest, self.bystander, self.honest6):
            client.bind()
        # What each has, and nobody else may get.
        self.owned = {"t0": {HONEST, LINK_LOCAL, SLAAC, self.honest6.address}, "t1": set(), "t2": {BYSTANDER}}
        for link, addresses in self.owned.items():
            for address in addresses:
                self.kernel.wait_address(link, address)
        self.kernel.wait(lambda: self.kernel.address("t0", HONEST).valid > HOUR // 2, 30, "the lease's lifetime")
        self.watch = self.kernel.watch_addresses()

    def close(self):
        self.watch.close()

    def newcomer(self, name):
        """A client of one more guest, on t3, which has nothing yet."""
        (guest,) = self.world.raw_guests("t3")
        self.l3sync.wait_event("link-added", interface="t3")
        return guest.client(name)

    def ever_learned(self, link):
        """What l3sync has put on it since the stage was set."""
        return {c.address.address for c in self.watch.changes()
                if c.added and c.address.link == link and c.address.proto not in KERNEL_PROTOS}

    def lost(self):
        """What was taken from its owner, though it may be back."""
        return {(c.address.link, c.address.address) for c in self.watch.changes()
                if not c.added and c.address.address in self.owned.get(c.address.link, ())}

    def assert_unharmed(self):
        """Everybody has what he had, with its lifetime, all of it serves, and the hostile guest never had anything."""
        self.world.fence()
        for link, addresses in self.owned.items():
            assert set(self.kernel.learned(link)) == addresses, link
            assert self.ever_learned(link) <= addresses, link
        assert self.lost() == set()
        for address, valid in ((HONEST, HOUR - 120), (self.honest6.address, HOUR - 120), (SLAAC, 3 * HOUR), (LINK_LOCAL, HOUR)):
            assert self.kernel.address("t0", address).valid > valid, address
        for address in (HONEST, self.honest6.address, SLAAC, f"{LINK_LOCAL}%r0", BYSTANDER, HOST_IPV4):
            assert self.world.router.pings(address), address
        for client, wait in ((self.honest, self.honest.wait_ack), (self.honest6, self.honest6.wait_reply)):
            client.renew()
            wait()
        assert {self.honest.address, self.honest6.address} < self.owned["t0"]
