"""DHCPv6: each client with each server, through a whole life of a lease.

Renewals are waited for: only `netns-harness/check matrix` runs these cells. Debian 12's
systemd-networkd (252) can't release a DHCPv6 lease, so that in its cells the lease ends.
"""

import collections

import pytest
from harness import dhcp6
from harness.clients6 import CLIENTS6
from harness.router import IPV6
from harness.servers6 import SERVERS6

pytestmark = [pytest.mark.matrix, pytest.mark.matrix_rest]


class Dialogue:
    """The DHCPv6 messages between a guest and its slave, and those of the server on the parent."""

    def __init__(self, world, guest):
        self._guest, self._parent = guest, world.sniffer()

    def sent(self, *kinds):
        messages = (dhcp6.parse(frame, ports=(dhcp6.CLIENT_PORT, dhcp6.SERVER_PORT)) for frame in self._guest.sent())
        return [message for message in messages if message and message.type in kinds]

    def received(self, *kinds):
        return [message for message in map(dhcp6.parse, self._guest.received()) if message and message.type in kinds]

    def answers(self):
        """By type and transaction, what the guest heard and what the server said."""
        heard = self.received(dhcp6.ADVERTISE, dhcp6.REPLY)
        said = [m for m in self._parent.matching(dhcp6.parse) if m.type in (dhcp6.ADVERTISE, dhcp6.REPLY)]
        return (collections.Counter((m.type, m.xid) for m in messages) for messages in (heard, said))


@pytest.mark.parametrize("server", SERVERS6)
@pytest.mark.parametrize("client", CLIENTS6)
def test_lease_from_first_to_last(default_world, client, server):
    """S6-1 to S6-5, N4, K2: bound at the first try, renewed, released; and each reply came once."""
    world = default_world
    (guest,) = world.namespace_guests("t0")
    server = SERVERS6[server](world.router, world.folder)
    server.start()
    l3sync = world.start_l3sync()
    dialogue = Dialogue(world, guest)
    client = CLIENTS6[client](guest)
    client.start()

    (address,) = guest.wait_ipv6(1)
    l3sync.wait_event("address-requested", interface="t0", address=address, origin="dhcp6-reply")
    found = world.kernel.wait_address("t0", address)
    assert server.lease - server.t1 <= found.valid <= server.lease
    assert found.prefixlen == 128
    reply = dialogue.received(dhcp6.REPLY)[0]
    assert dhcp6.addresses_of(reply) == [address]
    assert len({m.xid for m in dialogue.sent(dhcp6.SOLICIT)}) == 1, "it began once"
    heard, said = dialogue.answers()
    assert heard == said, "whatever the client repeated was not for want of a delivery"
    assert {address, *guest.link_local()} <= set(world.kernel.learned("t0"))
    assert guest.pings(IPV6, source=address)
    assert world.router.pings(address)

    mark = l3sync.mark()
    l3sync.wait_event("address-refreshed", since=mark, timeout=150, interface="t0", address=address, origin="dhcp6-reply")
    assert server.lease - server.t1 <= world.kernel.address("t0", address).valid <= server.lease
    assert len(dialogue.sent(dhcp6.RENEW)) >= 1
    assert len({m.xid for m in dialogue.sent(dhcp6.SOLICIT)}) == 1

    client.release()
    reason = "released" if client.releases else "expired"
    l3sync.wait_event("address-removed", timeout=server.lease + 30, interface="t0", address=address, reason=reason)
    world.kernel.wait_gone("t0", address)
    heard, said = dialogue.answers()
    assert heard <= said, "an answer came twice"
    assert not l3sync.find("delegation-ignored"), "no prefix was delegated"
