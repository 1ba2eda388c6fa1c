"""Unmodified DHCP clients, each started in a NamespaceGuest as if it were a machine of its own.

`CLIENTS[name](guest)`: start, then renew and release by the client's own means. All guests
have one MAC, so each client has an identifier of its own.
"""

import functools
import hashlib
import signal

from .rtnetlink import until_answered

NIC = "eth0"


def with_mounts(script, *command):
    """The command with mounts of its own, which `script` makes."""
    return ("unshare", "--mount", "sh", "-eu", "-c", f'{script}\nexec "$@"', "-", *command)


def private_folders(*folders):
    return "\n".join(f"mkdir -p {folder}; mount -t tmpfs tmpfs {folder}" for folder in folders)


class Client:
    name = None
    # False: it renews when T1 has come, and no sooner.
    renews_when_told = True
    # False: it stops without a word, and its lease ends.
    releases = True

    def __init__(self, guest):
        self.guest = guest
        self.folder = guest.folder / self.name
        self.folder.mkdir(exist_ok=True)
        self.process = None

    def start(self):
        self.process = self.guest.start_process(self.name, *self.command())
        return self.process

    def command(self):
        raise NotImplementedError

    def renew(self):
        """Of a client that renews when told."""
        raise NotImplementedError

    def release(self):
        raise NotImplementedError


class Dhclient(Client):
    """Debian's, with its own script."""
    name = "dhclient"
    renews_when_told = False

    def command(self):
        (self.folder / "dhclient.conf").write_text(
            f'send dhcp-client-identifier "dhclient-{self.guest.link}";\n'
            "request subnet-mask, broadcast-address, routers, interface-mtu;\n")
        return ("dhclient", "-4", "-d", "-1", "-v", *self._files())

    def _files(self):
        return ("-cf", self.folder / "dhclient.conf", "-lf", self.folder / "leases", "-pf", self.folder / "pid", NIC)

    def release(self):
        # It ends the running one, whose lease it reads.
        self.process.ended_by_test = True
        self.guest.namespace.run("dhclient", "-4", "-r", *self._files())


class Udhcpc(Client):
    """Busybox's, with Debian's script."""
    name = "udhcpc"

    def command(self):
        identifier = b"\0udhcpc-" + self.guest.link.encode()
        return ("udhcpc", "-f", "-i", NIC, "-C", "-x", f"61:{identifier.hex()}")

    def renew(self):
        # It ignores the signal until its script ended, which it does not log.
        until_answered(lambda: self.process.signal(signal.SIGUSR1),
                       functools.partial(self.process.wait_line, "sending renew"))

    def release(self):
        self.process.signal(signal.SIGUSR2)


class Dhcpcd(Client):
    """With its own configuration, which sends a DUID."""
    name = "dhcpcd"
    # It could be told, by SIGHUP, but would rebind.
    renews_when_told = False
    family = "-4"

    def command(self):
        return with_mounts(private_folders("/run", "/var/lib/dhcpcd"), "dhcpcd", "-B", self.family, "-d", NIC)

    def release(self):
        """What dhcpcd -k sends. 9.4.1 may miss it after a renewal, so it is sent until it is heard."""
        until_answered(lambda: self.process.signal(signal.SIGALRM),
                       functools.partial(self.process.wait_line, "received SIGALRM"))


class Networkd(Client):
    """systemd-networkd, which needs no systemd; its identifier is made of the machine-id."""
    name = "networkd"
    renews_when_told = False
    network = """
        [Network]
        DHCP=ipv4
        LinkLocalAddressing=no
        IPv6AcceptRA=no
        [DHCPv4]
        ClientIdentifier=duid
    """

    def command(self):
        network = self.folder / "network"
        network.mkdir(exist_ok=True)
        lines = "\n".join(line.strip() for line in self.network.splitlines())
        (network / "eth0.network").write_text(f"[Match]\nName={NIC}\n{lines}\n")
        identity = self.folder / "machine-id"
        identity.write_text(hashlib.md5(self.guest.link.encode()).hexdigest() + "\n")
        # Where /sys can't be written, as in a container, it does not wait for udev.
        mounts = f"""
            {private_folders("/run")}
            mkdir -p /etc/systemd/network /run/systemd/netif/links /run/systemd/netif/leases
            chown -R systemd-network /run/systemd/netif
            mount --bind {network} /etc/systemd/network
            [ -e /etc/machine-id ] || touch /etc/machine-id
            mount --bind {identity} /etc/machine-id
            mount -t sysfs -o ro sysfs /sys
        """
        return with_mounts(mounts, "env", "SYSTEMD_LOG_LEVEL=debug", "SYSTEMD_LOG_TARGET=console",
                           "/lib/systemd/systemd-networkd")

    def release(self):
        """When it ends, unless it is told to keep the configuration."""
        self.process.signal(signal.SIGTERM)


CLIENTS = {client.name: client for client in (Dhclient, Dhcpcd, Udhcpc, Networkd)}
