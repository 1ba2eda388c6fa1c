"""Unmodified DHCPv6 clients, started as those of clients.py are.

All guests have one MAC, and l3sync refuses the link-local address made of it: each guest forms
a stable-privacy one, as a machine does that is configured for it.
"""

from . import clients


class Dhclient6(clients.Dhclient):
    """Debian's, with its own script. The kernel hears the router."""

    def command(self):
        (self.folder / "dhclient.conf").write_text("request;\n")
        self.guest.start_slaac()
        # As ifup does: dhclient asks from it, and gives up when it has not passed its detection.
        self.guest.kernel.wait(self.guest.link_local, 60, "a link-local address")
        return ("dhclient", "-6", "-d", "-1", "-v", *self._files())

    def release(self):
        # It ends the running one, whose lease it reads.
        self.process.ended_by_test = True
        self.guest.namespace.run("dhclient", "-6", "-r", *self._files())


class Dhcpcd6(clients.Dhcpcd):
    """With its own configuration: rapid commit, link-local and router are dhcpcd's own."""
    family = "-6"


class Networkd6(clients.Networkd):
    # SendRelease= for DHCPv6 came with systemd 253.
    releases = False
    network = """
        [Network]
        DHCP=ipv6
        LinkLocalAddressing=ipv6
        IPv6LinkLocalAddressGenerationMode=stable-privacy
    """


CLIENTS6 = {client.name: client for client in (Dhclient6, Dhcpcd6, Networkd6)}
